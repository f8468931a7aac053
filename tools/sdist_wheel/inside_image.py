"""Builds a wheel inside the image: started there by the image's own Python, 3.9 or later.

    python3.11 /build/tool/inside_image.py /build/order.json

Makes a virtual environment, installs the backend's wheels into it with the image's pip, calls the backend's
hooks in it (hooks.py), and writes the wheel anew so that its bytes depend on its files alone. Here, because
another zlib may compress to other bytes, and the image's is always the same.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile

_TIME = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Does it all; what fails ends with the exit code of what failed."""
    os.umask(0o022)
    with open(sys.argv[1], encoding="utf-8") as source:
        order = json.load(source)
    env, tool = order["env"], os.path.dirname(os.path.abspath(__file__))
    venv.create(env, symlinks=True, with_pip=False)
    (packages,) = glob.glob(env + "/lib/python*/site-packages")
    shutil.copy(tool + "/sorted_listings.py", packages)
    with open(packages + "/sorted_listings.pth", "w", encoding="ascii") as hook:
        hook.write("import sorted_listings\n")
    python = env + "/bin/python"
    if order["wheels"]:
        _install(python, order["wheels"])
    _call([python, tool + "/hooks.py", sys.argv[1]], order["project"], os.environ)
    for name in os.listdir(order["made"]):
        if name.endswith(".whl"):
            rewrite(os.path.join(order["made"], name), os.path.join(order["out"], name))


def _install(python: str, wheels: list[str]) -> None:
    """By the image's pip, which is in the environment for as long as this takes."""
    import pip

    place = os.path.dirname(os.path.dirname(os.path.abspath(pip.__file__)))
    line = [python, "-m", "pip", "--isolated", "--disable-pip-version-check", "--quiet", "install"]
    line += ["--no-index", "--no-deps", "--ignore-installed", "--no-cache-dir", "--no-warn-script-location"]
    _call([*line, *wheels], "/", {**os.environ, "PYTHONPATH": place})


def _call(line: list[str], folder: str, env: os._Environ[str] | dict[str, str]) -> None:
    code = subprocess.call(line, cwd=folder, env=env)
    if code:
        sys.exit(code if code > 0 else 128 - code)


def rewrite(source: str, target: str) -> None:
    """The same files in the order of their names, .dist-info last, without times or owners."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for info in sorted(old.infolist(), key=_rank):
            if info.filename.endswith("/"):
                continue
            member = zipfile.ZipInfo(info.filename, _TIME)
            member.create_system = 3
            mode = 0o755 if info.external_attr >> 16 & 0o111 else 0o644
            member.external_attr = (0o100000 | mode) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(member, old.read(info), compresslevel=6)


def _rank(info: zipfile.ZipInfo) -> tuple[bool, bool, str]:
    in_info = bool(re.match(r"[^/]+\.dist-info/", info.filename))
    return in_info, in_info and info.filename.endswith("/RECORD"), info.filename


if __name__ == "__main__":
    main()
