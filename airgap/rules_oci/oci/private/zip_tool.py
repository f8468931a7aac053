#!/usr/bin/env -S python3 -I
"""Zip a Python package to one executable file, the same bytes every time.

Bazel runs `zip_tool.py OUTPUT MODULE FILE...` for the rule python_zipapp (mnemonic PythonZipapp). The
files are one package, named after its folder. The zip calls `MODULE.main(arguments)` through the
package's `errors.run`.
"""

import os
import stat
import sys
import zipfile
from pathlib import Path

_LAUNCH = """from {package}.errors import run
from {module} import main

run(main)
"""


def main() -> None:
    """See the module's docstring."""
    output, module, *sources = sys.argv[1:]
    members = {f"{path.parent.name}/{path.name}": path.read_bytes() for path in map(Path, sources)}
    members["__main__.py"] = _LAUNCH.format(module=module, package=module.split(".")[0]).encode()
    with open(output, "wb") as stream:
        stream.write(b"#!/usr/bin/env -S python3 -I\n")
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in sorted(members.items()):
                archive.writestr(zipfile.ZipInfo(name), data)
    os.chmod(output, stat.S_IMODE(os.stat(output).st_mode) | 0o111)


if __name__ == "__main__":
    main()
