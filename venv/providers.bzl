"""Providers of virtual environments."""

WheelPartsInfo = provider(
    doc = """Wheels as parts of a venv's layers, for one Python and one architecture.

A part is a struct of Files: `wheel` is what it is made of; `facts` (JSON) says what is in it; `part` (compressed tar
without an end) has its files; `byte_code` is another part with those files compiled, None where nobody asks for it or the
Python has no compiler; `libraries` (JSON) is what the dynamic loader reads of its ELF files. Bazel makes what something
needs.""",
    fields = {
        "own": "list of structs: the parts of this target itself, most often one.",
        "parts": "depset of structs: those, and the parts of everything it depends on.",
    },
)

BuiltWheelInfo = provider(
    doc = "A wheel that was built here.",
    fields = {
        "sdist": "File: the source distribution.",
        "wheel": "File: the wheel.",
    },
)

VenvInfo = provider(
    doc = "A virtual environment in layers.",
    fields = {
        "arch": "string: Debian's name of the architecture, such as `arm64`.",
        "byte_code": "bool: whether the layers have the parts with byte code.",
        "compression": "string: `gzip`, `estargz` or `zstd`.",
        "groups": "dictionary of lists of structs: the parts in each layer, by its name; \"\" is the rest.",
        "layers": "list of Files: the layers, the lowest first.",
        "libraries": "depset of Files in postorder: `links`, then JSON about the ELF files of each wheel, in the order " +
                     "of `wheels`.",
        "links": "File: JSON about the links of the environment without wheels, as //tools/elf_scan:facts.py writes it.",
        "prefix": "string: the environment's folder in the image.",
        "python": "string: the Python that it is for, such as `3.11`.",
        "python_home": "string: the folder of Python's program.",
        "release": "string: Python's version in full, such as 3.11.2.",
        "skeleton": "list of Files: facts and part of the environment without wheels.",
        "wheels": "list of Files: the wheels in it.",
    },
)

ByteCompilerInfo = provider(
    doc = "A Python of images that compiles modules on the machine that builds.",
    fields = {
        "python": "string: the Python, such as `3.11`.",
        "root": "File: a folder with the interpreter and what it needs; None where there is none for the Python.",
    },
)
