"""Odd wheels, installed by the real pip: the part has the same files, or pip has no answer."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tools.layer.part import write_layer
from tools.venv_part.libraries import Looker
from tools.venv_part.part import write_part
from tools.venv_part.place import Venv
from tools.wheel.wheel_writer import record_line
from tools.wheel.zip_writer import Raw, raw_wheel

LINK = stat.S_IFLNK | 0o777
SITE = "app/lib/python3.11/site-packages/"
TEXT = b"text " * 9000
CODEPAGE = Raw("tiny/é".encode("cp437"), b"x")

ODD: dict[str, list[Raw]] = {
    "links": [
        Raw("tiny/file", b"content"),
        Raw("tiny/link", b"file", mode=LINK),
        Raw("tiny/away", b"/etc/passwd", mode=LINK),
    ],
    "folders": [
        Raw("tiny/", method=0, mode=stat.S_IFDIR | 0o700),
        Raw("tiny/a", b"a"),
        Raw("empty/", method=0),
    ],
    "modes": [Raw(f"tiny/{mode:o}", b"x", mode=mode) for mode in (0, 0o755, 0o100755, 0o104600, 0o100010)],
    "forms": [
        Raw("stored", TEXT, 0),
        Raw("described", TEXT, descriptor=True),
        Raw("described stored", TEXT, 0, descriptor=True),
        Raw("large", TEXT, zip64=True),
        Raw("none"),
    ],
    "names": [Raw("é/日本.py", b"x = 1\n"), Raw("/".join(["n" * 99] * 5), b"x"), Raw("m" * 255, b"y")],
}


def installed(wheel: Path, folder: Path) -> dict[str, tuple[bytes, bool]]:
    """The files that pip makes, with their content and whether they are programs."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "--isolated",
        "install",
        "--no-deps",
        "--no-index",
        "--no-compile",
    ]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--target", str(folder), str(wheel)]
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": os.environ["PATH"], "HOME": str(folder.parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    assert not any(path.is_symlink() for path in found)
    return {
        str(path.relative_to(folder)): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in found
    }


def ours(wheel: Path) -> dict[str, tuple[bytes, bool]]:
    out = io.BytesIO()
    write_part(wheel, Venv("/app", "3.11"), out, Looker())
    part, layer = wheel.with_suffix(".part"), wheel.with_suffix(".tar.gz")
    part.write_bytes(out.getvalue())
    with layer.open("wb") as stream:
        write_layer([part], stream)
    with tarfile.open(layer) as archive:
        members = archive.getmembers()
        assert all(member.isreg() for member in members)
        return {
            member.name.removeprefix(SITE): (
                cast(BinaryIO, archive.extractfile(member)).read(),
                bool(member.mode & 0o100),
            )
            for member in members
        }


def without_record(files: dict[str, tuple[bytes, bool]]) -> dict[str, tuple[bytes, bool]]:
    """RECORD and REQUESTED come with the layer; direct_url.json is about where pip had the wheel from."""
    later = ("/RECORD", "/REQUESTED", "/direct_url.json")
    return {name: file for name, file in files.items() if not name.endswith(later)}


@pytest.mark.parametrize("case", ODD)
def test_odd_wheels_are_installed_as_pip_installs_them(case: str, tmp_path: Path) -> None:
    wheel = raw_wheel(tmp_path, ODD[case])
    made = without_record(ours(wheel))
    assert made == without_record(installed(wheel, tmp_path / "pip"))
    assert len(made) == 3 + len([each for each in ODD[case] if not each.raw_name.endswith(b"/")])


def test_names_in_the_first_pcs_letters(tmp_path: Path) -> None:
    plain = raw_wheel(tmp_path, [Raw("tiny/é", b"x")])
    with_record = raw_wheel(tmp_path, [CODEPAGE], record=record(plain))
    made = without_record(ours(with_record))
    assert made["tiny/é"] == (b"x", False)
    assert made == without_record(installed(with_record, tmp_path / "pip"))


def record(wheel: Path) -> str:
    """The RECORD of a wheel, made anew."""
    with zipfile.ZipFile(wheel) as archive:
        return "".join(
            record_line(name, archive.read(name))
            for name in archive.namelist()
            if not name.endswith("RECORD")
        )
