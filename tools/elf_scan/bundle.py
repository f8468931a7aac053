"""Makes one executable file of some Python modules: the in-image command `find-libdeps`.

Bazel runs it as the action BundlePython of find_libdeps (defs.bzl):

    bundle --output OUT --package tools.elf_scan --main find_libdeps MODULE.py...

The result is a zip application (see Python's zipapp) behind a few lines of shell, which look for the image's
Python: Debian's images have a python3.11 and no python3. The modules are stored as they are, so the file can
be read with a pager or unzip, and it is the same on every machine.
"""

import argparse
import zipfile
from pathlib import Path
from typing import BinaryIO

HEADER = """\
#!/bin/sh
# A zip application, python3 runs it as it is; "unzip -p FILE" shows its source.
for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9; do
    if command -v "$python" >/dev/null 2>&1; then exec "$python" -IB "$0" "$@"; fi
done
echo "${0##*/}: no Python 3 on PATH; to have one: apt-install python3" >&2
exit 127
"""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Parses the arguments and writes the file."""
    parser = argparse.ArgumentParser(
        prog="bundle", description="Makes one executable file of Python modules."
    )
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--package", required=True, help="the package of the modules")
    parser.add_argument("--main", required=True, help="the module whose `run` gives the exit code")
    parser.add_argument("modules", nargs="+", type=Path)
    options = parser.parse_args()
    with options.output.open("wb") as out:
        out.write(HEADER.encode())
        write(out, options.package, options.main, options.modules)
    options.output.chmod(0o755)


def write(out: BinaryIO, package: str, entry: str, modules: list[Path]) -> None:
    """Writes the application behind what is in the file already."""
    folder = package.replace(".", "/")
    parents = folder.split("/")
    files = {"/".join([*parents[: depth + 1], "__init__.py"]): b"" for depth in range(len(parents))}
    files |= {f"{folder}/{module.name}": module.read_bytes() for module in modules}
    files["__main__.py"] = f"import sys\n\nfrom {package}.{entry} import run\n\nsys.exit(run())\n".encode()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, files[name])


if __name__ == "__main__":
    main()
