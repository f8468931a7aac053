"""The layers of an environment have what the image's own Python and pip make of the same wheels, to the byte.

The reference is made in the image, from which the environment is removed before: `python3.X -m venv
--without-pip`, and then the locked pip installs what was asked for, with no other source than the wheels in
the layers. It resolves for itself, so that a wheel too few or too many is seen too. What differs is in
differences.json, with the reason.
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
from dataclasses import dataclass
from pathlib import Path

import pytest

_PREFIX = "usr/share/python3/app"
_PYTHON = os.environ["PYTHON"]
_LAYERS = [Path(path) for path in os.environ["LAYERS"].split()]
_WHEELS = [Path(path) for path in os.environ["WHEELS"].split()]
(_PIP,) = (wheel for wheel in _WHEELS if wheel.name.startswith("pip-"))
_KNOWN = Path(os.environ["DIFFERENCES"])

_INSTALL = f"""\
set -e
rm -r /{_PREFIX}
hash -r
python{_PYTHON} -m venv --without-pip /{_PREFIX}
. /{_PREFIX}/bin/activate
python{_PYTHON} /wheels/{_PIP.name}/pip --isolated install --no-cache-dir --no-index \
    --find-links /wheels --root-user-action ignore {os.environ["REQUESTED"]}
"""


# Run by the image's Python: byte code is the same when its code objects are equal and its header is right.
_COMPARE = """\
import _imp, importlib.util, marshal, pathlib, sys
ours, theirs, count = pathlib.Path("/ours"), pathlib.Path("/"), 0
for path in sorted(ours.rglob("*.pyc")):
    mine, pips = path.read_bytes(), (theirs / path.relative_to(ours)).read_bytes()
    source = pathlib.Path(importlib.util.source_from_cache(str(path))).read_bytes()
    source_hash = _imp.source_hash(int.from_bytes(importlib.util.MAGIC_NUMBER, "little"), source)
    if mine[:16] != importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + source_hash:
        sys.exit(f"{path}: not unchecked hash-based byte code of its module")
    if marshal.loads(mine[16:]) != marshal.loads(pips[16:]):
        sys.exit(f"{path}: other code than pip's")
    count += 1
print(count)
"""


@dataclass(frozen=True)
class Reference:
    """What pip made: by path, and how many modules' byte code is the same as ours."""

    tree: dict[str, str]
    same_code: int


@pytest.fixture(scope="module", name="reference")
def _reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    folder = tmp_path_factory.mktemp("reference")
    ours = folder / "ours"
    for layer in _LAYERS:
        with tarfile.open(layer) as archive:
            archive.extractall(ours, filter="tar")
    wheels = folder / "wheels"
    wheels.mkdir()
    for wheel in _WHEELS:
        shutil.copy(wheel, wheels / wheel.name)
    command = [sys.executable, "-m", "tools.image_run", "--layout", os.environ["IMAGE"]]
    command += [
        "--root",
        str(folder / "root"),
        "--bind",
        f"{wheels}:/wheels:ro",
        "--bind",
        f"{ours}:/ours:ro",
    ]
    (wheels / "compare.py").write_text(_COMPARE, encoding="utf-8")
    done = subprocess.run(
        [*command, "--", "sh", "-c", f"({_INSTALL}) >&2 && python{_PYTHON} -B /wheels/compare.py"],
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Reference(_tree(folder / "root"), int(done.stdout))


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


def _in_layers() -> dict[str, str]:
    """What is in the layers, by path; each file is there once."""
    found: dict[str, str] = {}
    for layer in _LAYERS:
        with tarfile.open(layer) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                content = _hash(file.read()) if file else f"-> {member.linkname}" if member.issym() else ""
                assert member.isdir() or member.name not in found
                assert (member.uid, member.gid, member.mtime) == (0, 0, 0)
                kinds = {tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK}
                mode = stat.filemode(kinds.get(member.type, stat.S_IFREG) | member.mode)
                found[member.name] = f"{mode} {content}"
    return found


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_layers_are_what_pip_makes(reference: Reference) -> None:
    layers = _in_layers()
    assert layers.pop("usr/share/python3") == "drwxr-xr-x "
    known = json.loads(_KNOWN.read_text(encoding="utf-8"))
    assert known["version"] == 1
    different = {
        path: (reference.tree.get(path), layers.get(path))
        for path in sorted(layers.keys() | reference.tree.keys())
        if layers.get(path) != reference.tree.get(path)
    }
    unexplained = {
        path: both
        for path, both in different.items()
        if not all(both)
        or not any(re.fullmatch(entry["path"], path) and entry["reason"] for entry in known["differences"])
    }
    assert unexplained == {}
    assert len(reference.tree) > 100


def test_the_byte_code_is_the_code_that_pip_compiles(reference: Reference) -> None:
    assert reference.same_code == sum(path.endswith(".pyc") for path in _in_layers())
    assert reference.same_code > 100
