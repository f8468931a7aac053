"""Providers of virtual environments."""

WheelPartsInfo = provider(
    doc = """Wheels as parts of a venv's layer, for one Python and one architecture.

A part is a struct: `wheel` is the File it is made of; `facts` (JSON) and `part` (gzip-compressed tar without an end)
are the Files to merge; `requested_facts` and `requested_part` are the same for who asks for the wheel by name, as pip
notes that. Each is made only when something needs it.""",
    fields = {
        "own": "list of structs: the parts of this target itself, most often one.",
        "parts": "depset of structs: those, and the parts of everything it depends on.",
    },
)

VenvInfo = provider(
    doc = "A virtual environment in layers.",
    fields = {
        "arch": "string: Debian's name of the architecture, such as `arm64`.",
        "layers": "list of Files: the layers, .tar.gz, the lowest first.",
        "prefix": "string: the environment's folder in the image.",
        "python": "string: the Python that it is for, such as `3.11`.",
        "python_home": "string: the folder of Python's program.",
        "release": "string: Python's version in full, such as 3.11.2.",
        "skeleton": "list of Files: facts and part of the environment without wheels.",
        "wheels": "list of Files: the wheels in it.",
    },
)
