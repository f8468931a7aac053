"""Makes a relocatable interpreter of Debian's Python: the layout of those that rules_python fetches.

Bazel runs it as the action Relocate of debian_interpreter (debian_interpreter.bzl):

    relocate --python 3.13 --layer PYTHON.tar.gz --program OUT/bin/python3.13 --library OUT/lib

The layer is that of Debian's packages. bin/ and lib/pythonX.Y look as they do in a published interpreter; the
libraries that Debian's extension modules load (there they are linked in) lie in lib/, where an image's loader
looks. Links become copies, as they may where Bazel runs an action elsewhere.
"""

import argparse
import tarfile
from pathlib import Path

from tools.common.errors import ToolError, run


def main() -> None:
    """Parses the arguments and writes the interpreter."""
    parser = argparse.ArgumentParser(prog="relocate", description="Makes a relocatable interpreter.")
    parser.add_argument("--python", required=True)
    parser.add_argument("--layer", required=True, type=Path)
    parser.add_argument("--program", required=True, type=Path)
    parser.add_argument("--library", required=True, type=Path)
    options = parser.parse_args()
    with tarfile.open(options.layer) as archive:
        for member in archive:
            target = place(member.name, options.python, options.program, options.library)
            if target is None or member.isdir() or member.linkname.startswith("/"):
                continue  # absolute links lead to the settings in Debian's /etc
            stream = archive.extractfile(member)
            if stream is None:
                raise ToolError(f"{member.name} is no file", file=options.layer)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(stream.read())
    options.program.chmod(0o755)


def place(name: str, python: str, program: Path, library: Path) -> Path | None:
    """Where a file of Debian's layer goes; None for what a published interpreter doesn't have."""
    path = Path(name)
    if name == f"usr/bin/python{python}":
        return program
    if path.is_relative_to(f"usr/lib/python{python}"):
        return library / path.relative_to("usr/lib")
    if path.match("usr/lib/*-linux-gnu/lib*.so*") and len(path.parts) == 4:
        return library / path.name
    if name == f"usr/share/doc/libpython{python}-minimal/copyright":
        return library / f"python{python}" / "LICENSE.txt"
    return None


if __name__ == "__main__":
    run(main)
