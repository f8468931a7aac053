"""Writes a wheel that has of everything that installing must place, change or leave: `odd_wheel OUT.whl`."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import stat
import sys
import zipfile

_NAME, _INFO, _DATA = "odd.wheel", "odd_wheel-1.0.dist-info", "odd_wheel-1.0.data"

_EXECUTABLE = {"odd/run.sh", f"{_DATA}/scripts/shell", f"{_DATA}/data/libexec/odd/helper"}
_STORED = {"odd/stored.txt"}
_LINKS = {"odd/link"}

_LONG = f"odd/{'d' * 90}/{'e' * 90}/{'f' * 120}.txt"
_FILES = {
    "odd/__init__.py": b"",
    "odd/cli.py": b"def main():\n    print('odd')\n\nclass App:\n    run = staticmethod(main)\n",
    "odd/syntax_error.py": b"def\n",
    "odd/nul.py": b"x = 1\0\n",
    "odd/latin.py": "# coding: latin-1\nTEXT = 'é'\n".encode("latin-1"),
    "odd/bom.py": b"\xef\xbb\xbfTEXT = 1\n",
    "odd/sets.py": b"def f(x):\n    return x in {'p', 'q', 'r', 's', 't', 'u', 'v', 'w'}\n",
    "odd/ünï.py": "NAME = 'ünï'\n".encode(),
    "odd/run.sh": b"#!/bin/sh\n",
    "odd/stored.txt": b"stored " * 5000,
    "odd/link": b"run.sh",
    "odd/large.bin": bytes(range(256)) * 400,
    "odd/python": b"#!python\n",
    _LONG: b"long",
    "space/odd/part.py": b"",  # a namespace package has no __init__.py
    "odd.pth": b"import sys; sys.odd = True\n",
    f"{_DATA}/purelib/odd_pure.py": b"PURE = True\n",
    f"{_DATA}/platlib/odd_plat.py": b"PLAT = True\n",
    f"{_DATA}/scripts/odd-python": b"#!python\nprint('python')\n",
    f"{_DATA}/scripts/window": b"#!pythonw\nprint('window')\n",
    f"{_DATA}/scripts/shell": b"#!/bin/sh\n",
    f"{_DATA}/scripts/odd_script.py": b"#!python\nprint('script')\n",
    f"{_DATA}/scripts/odd-tool": b"#!python\nprint('an entry point is in its place')\n",
    f"{_DATA}/headers/odd.h": b"int odd;\n",
    f"{_DATA}/data/share/odd/ä.txt": b"data\n",
    f"{_DATA}/data/libexec/odd/helper": b"#!/bin/sh\n",
    f"{_DATA}/data/etc/empty": b"",
    f"{_INFO}/METADATA": f"Metadata-Version: 2.1\nName: {_NAME}\nVersion: 1.0\n".encode(),
    f"{_INFO}/WHEEL": b"Wheel-Version: 1.0\nGenerator: odd\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{_INFO}/entry_points.txt": (
        b"[console_scripts]\nodd-tool = odd.cli:main\nodd.app = odd.cli:App.run [extra]\n"
        b"[gui_scripts]\nodd-window = odd.cli:main\n"
    ),
    f"{_INFO}/licenses/LICENSE": b"The terms.\n",
}


def main(output: str) -> None:
    """Writes the wheel."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    for name, data in _FILES.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(data)])
    rows.writerow([f"{_INFO}/RECORD", "", ""])
    with zipfile.ZipFile(output, "w") as archive:
        for name, data in {**_FILES, f"{_INFO}/RECORD": text.getvalue().encode()}.items():
            info = zipfile.ZipInfo(name)
            kind = stat.S_IFLNK if name in _LINKS else stat.S_IFREG
            info.external_attr = (kind | (0o755 if name in _EXECUTABLE else 0o640)) << 16
            archive.writestr(info, data, zipfile.ZIP_STORED if name in _STORED else zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main(sys.argv[1])
