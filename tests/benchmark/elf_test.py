"""The benchmark of readers of ELF files: what they are given, that they agree, and its goals."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.benchmark.elf import FLOOR, OURS, goals, read, unpack
from tests.benchmark.pipelines import READELF, VERSIONS
from tools.elf_scan.elf_writer import ET_REL, Spec, write
from tools.testing.tiny_wheel import TinyWheel

_FILES = {
    "tiny/library.so": write(Spec(soname="libtiny.so", needed=["libc.so.6", "libm.so.6"])),
    "tiny/bin/program": write(Spec(needed=["libc.so.6"], versions=[("libc.so.6", ["GLIBC_2.2.5"])])),
    "tiny/object.o": write(Spec(type=ET_REL, dynamic=False)),
    "tiny/broken.so": b"\x7fELF and no more",
    "tiny/script.so": b"GROUP ( libc.so.6 )",
}


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    wheels = [TinyWheel(name, files=_FILES).write(tmp_path) for name in ("one", "two")]
    return list(unpack(wheels, tmp_path / "files"))


def test_what_can_be_loaded_is_unpacked_whatever_its_name(files: list[Path], tmp_path: Path) -> None:
    names = ["tiny/bin/program", "tiny/library.so"]
    assert sorted(str(file.relative_to(tmp_path / "files")) for file in files) == [
        f"{number}/{name}" for number in (0, 1) for name in names
    ]


@pytest.mark.parametrize(
    "way", [OURS, "pyelftools", *([READELF, VERSIONS] if shutil.which("readelf") else [])]
)
def test_readers_agree(way: str, files: list[Path], tmp_path: Path) -> None:
    listing, output = tmp_path / "list", tmp_path / "output"
    listing.write_text("".join(f"{file}\n" for file in files))
    _, needed = read(way, listing, output)
    assert needed == "6"


def test_goals_are_for_as_many_files_as_the_reference_had() -> None:
    lines = goals({FLOOR: 0.04, OURS: 0.12, READELF: 1.8, VERSIONS: 3.6}, 926)
    assert [line.split()[:2] for line in lines] == [
        ["missed", "0.200"],
        ["missed", "15.0"],
        ["reached", "30.0"],
    ]
    lines = goals({FLOOR: 0.04, OURS: 0.09}, 926)
    assert [line.split()[:2] for line in lines] == [["reached", "0.140"]]
