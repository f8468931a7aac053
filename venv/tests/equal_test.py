"""The layer of an environment has what the image's own Python and pip make of the same wheels, to the byte.

The reference is made in the image, from which the environment is removed before: `python3.X -m venv --without-pip`,
and then the locked pip installs what was asked for, with no other source than the wheels in the layer. It resolves for
itself, so that a wheel too few or too many is seen too.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

_PREFIX = "usr/share/python3/app"
_PYTHON = os.environ["PYTHON"]
_LAYER = Path(os.environ["LAYER"])
_WHEELS = [Path(path) for path in os.environ["WHEELS"].split()]
(_PIP,) = (wheel for wheel in _WHEELS if wheel.name.startswith("pip-"))
_KNOWN = Path(os.environ["DIFFERENCES"])

_INSTALL = f"""\
set -e
rm -r /{_PREFIX}
hash -r
python{_PYTHON} -m venv --without-pip /{_PREFIX}
. /{_PREFIX}/bin/activate
python{_PYTHON} /wheels/{_PIP.name}/pip --isolated install --no-cache-dir --no-compile --no-index \
    --find-links /wheels --root-user-action ignore {os.environ["REQUESTED"]}
"""


@pytest.fixture(scope="module", name="reference")
def _reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reference")
    wheels = folder / "wheels"
    wheels.mkdir()
    for wheel in _WHEELS:
        shutil.copy(wheel, wheels / wheel.name)
    command = [sys.executable, "-m", "tools.image_run", "--layout", os.environ["IMAGE"]]
    command += ["--root", str(folder / "root"), "--bind", f"{wheels}:/wheels:ro"]
    done = subprocess.run(
        [*command, "--", "sh", "-c", _INSTALL],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return _tree(folder / "root")


def _tree(root: Path) -> dict[str, str]:
    """What is in the environment, by path."""
    found = {}
    for path in [root / _PREFIX, *(root / _PREFIX).rglob("*")]:
        info = path.lstat()
        content = ""
        if stat.S_ISLNK(info.st_mode):
            content = f"-> {path.readlink()}"
        elif stat.S_ISREG(info.st_mode):
            content = _hash(path.read_bytes())
        found[str(path.relative_to(root))] = f"{stat.filemode(info.st_mode)} {content}"
    return found


def _in_layer() -> dict[str, str]:
    """What is in the layer, by path; each is there once."""
    found: dict[str, str] = {}
    with tarfile.open(_LAYER) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            content = _hash(file.read()) if file else f"-> {member.linkname}" if member.issym() else ""
            assert member.name not in found
            assert (member.uid, member.gid, member.mtime) == (0, 0, 0)
            kind = {tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK}.get(member.type, stat.S_IFREG)
            found[member.name] = f"{stat.filemode(kind | member.mode)} {content}"
    return found


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_layer_is_what_pip_makes(reference: dict[str, str]) -> None:
    layer = _in_layer()
    assert layer.pop("usr/share/python3") == "drwxr-xr-x "
    known = json.loads(_KNOWN.read_text(encoding="utf-8"))
    assert known["version"] == 1
    different = {
        path: (reference.get(path), layer.get(path))
        for path in sorted(layer.keys() | reference.keys())
        if layer.get(path) != reference.get(path)
    }
    unexplained = {
        path: both
        for path, both in different.items()
        if not any(re.fullmatch(entry["path"], path) and entry["reason"] for entry in known["differences"])
    }
    assert unexplained == {}
    assert len(reference) > 100
