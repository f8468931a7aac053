"""Wheels that are wrong, given to the tool as Bazel gives them: one error that names wheel and member, and no
output.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tools.common.errors import run
from tools.venv_part.__main__ import main
from tools.venv_part.facts import read_facts
from tools.wheel.wheel_writer import record_line
from tools.wheel.zip_writer import Raw, raw_wheel

Refused = Callable[[Path, str, str], None]

INFO = "tiny-1.0.dist-info"
TEXT = b"text " * 9000
LINK = stat.S_IFLNK | 0o777
GOOD = Raw("tiny.py", TEXT)
ENTRY_POINTS = f"{INFO}/entry_points.txt"


def start(module: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a tool as Bazel does."""
    command = [sys.executable, "-m", f"tools.{module}", *map(str, arguments)]
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": os.environ["PATH"]}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def part_arguments(wheel: Path, folder: Path) -> list[str]:
    outputs = [f"--{name}={folder / name}" for name in ("part", "facts", "libraries")]
    return ["--prefix=/opt/app", "--python=3.11", *outputs, str(wheel)]


def part(wheel: Path, folder: Path) -> None:
    """Runs venv_part as a process would, without the time that it takes to start one."""
    run(lambda: main(part_arguments(wheel, folder)))


def line(data: bytes, name: str = "tiny.py") -> str:
    return record_line(name, data)


def entry_point(text: str) -> list[Raw]:
    return [Raw(ENTRY_POINTS, f"[console_scripts]\n{text}\n".encode())]


# What is in the archive, RECORD if it isn't what follows from that, the member that is named, what is said.
BAD: dict[str, tuple[list[Raw], str | None, str, str]] = {
    "a hash that differs": ([GOOD], line(TEXT[::-1]), "tiny.py", "its sha256 differs from the one in RECORD"),
    "a size that differs": ([GOOD], line(TEXT + b"."), "tiny.py", "has 45000 bytes, RECORD says 45001"),
    "two lines that differ": (
        [GOOD],
        line(TEXT) + line(TEXT[::-1]),
        "tiny.py",
        "is in RECORD twice, and differs",
    ),
    "a file not in RECORD": ([GOOD, Raw("more.py")], line(TEXT), "more.py", "is not listed in RECORD"),
    "a file only in RECORD": ([], line(TEXT), "tiny.py", "is listed in RECORD and is missing"),
    "a stream that is cut": (
        [Raw("tiny.py", TEXT, stream=GOOD.packed()[:-9])],
        None,
        "tiny.py",
        "does not end",
    ),
    "a stream and more": (
        [Raw("tiny.py", TEXT, stream=GOOD.packed() + b"x")],
        None,
        "tiny.py",
        "does not end",
    ),
    "no stream": ([Raw("tiny.py", TEXT, stream=b"")], None, "tiny.py", "does not end where the archive says"),
    "a corrupt stream": (
        [Raw("tiny.py", TEXT, stream=b"\xff" * 99)],
        None,
        "tiny.py",
        "cannot be read: Error -3",
    ),
    "a stream of more": (
        [Raw("tiny.py", b"x", stream=GOOD.packed())],
        None,
        "tiny.py",
        "inflates to more than",
    ),
    "another CRC": (
        [Raw("tiny.py", TEXT, crc=1)],
        None,
        "tiny.py",
        "its size or CRC differs from the one in",
    ),
    "another CRC, stored": ([Raw("tiny.py", TEXT, 0, crc=1)], None, "tiny.py", "its size or CRC differs"),
    "a stored file that is cut": ([Raw("tiny.py", TEXT, 0, stream=TEXT[1:])], None, "tiny.py", "size or CRC"),
    "an absolute path": ([GOOD, Raw("/etc/passwd")], None, "/etc/passwd", "leaves the folder"),
    "a path that leaves": ([GOOD, Raw("../x")], None, "../x", "leaves the folder"),
    "a path that leaves inside": ([GOOD, Raw("a/../../x")], None, "a/../../x", "leaves the folder"),
    "a folder that leaves": ([GOOD, Raw("../")], None, "../", "leaves the folder"),
    "a backslash": ([GOOD, Raw("a\\b")], None, "a\\b", "leaves the folder"),
    "a drive": ([GOOD, Raw("c:/x")], None, "c:/x", "leaves the folder"),
    "a zero in a name": ([GOOD, Raw("a\0b")], line(TEXT) + line(b"", "a"), "a", "has a zero in its name"),
    "a name twice": ([GOOD, GOOD], None, "tiny.py", "is in the archive twice"),
    "a file over a link": (
        [Raw("a", b"/etc", mode=LINK), Raw("a", b"x")],
        None,
        "a",
        "is in the archive twice",
    ),
    "a file below a link": (
        [Raw("a", b"/etc", mode=LINK), Raw("a/b")],
        None,
        "a/b",
        "lies below a, which is a file",
    ),
    "a file before what it is below": (
        [Raw("a/b/c"), Raw("a")],
        None,
        "a/b/c",
        "lies below a, which is a file",
    ),
    "a file and a folder": ([Raw("a"), Raw("a/")], None, "a/", "is in the archive twice"),
    "a file and a folder in it": ([Raw("a"), Raw("a/b/")], None, "a/b/", "lies below a, which is a file"),
    "a device": ([Raw("a", mode=stat.S_IFCHR | 0o666)], None, "a", "is neither a file nor a folder"),
    "an encrypted file": ([Raw("a", flags=1)], None, "a", "is encrypted"),
    "a strongly encrypted file": ([Raw("a", flags=0x40)], None, "a", "is encrypted"),
    "a patch": ([Raw("a", flags=0x20)], None, "a", "is a patch of another file"),
    "another method": (
        [Raw("a", TEXT, zipfile.ZIP_LZMA)],
        None,
        "a",
        "is compressed by lzma; wheels have deflated",
    ),
    "no method that there is": ([Raw("a", TEXT, 77)], None, "a", "is compressed by method 77; wheels have"),
    "a call of no identifier": (
        entry_point("x = tiny:1st"),
        None,
        ENTRY_POINTS,
        "x is 'tiny:1st', which is not",
    ),
    "a module of no identifier": (
        entry_point("x = ti-ny:main"),
        None,
        ENTRY_POINTS,
        "x is 'ti-ny:main', which",
    ),
    "code as an entry point": (
        entry_point("x = os:system('x')"),
        None,
        ENTRY_POINTS,
        "which is not module:function",
    ),
    "a script that leaves": (
        entry_point("../../x = tiny:main"),
        None,
        ENTRY_POINTS,
        "the name '../../x' is not one",
    ),
    "a scheme that there isn't": (
        [Raw("tiny-1.0.data/root/x")],
        None,
        "tiny-1.0.data/root/x",
        "no such place",
    ),
    "a name that leaves": (
        [Raw(f"{INFO}/METADATA", b"Name: ../tiny\nVersion: 1.0\n")],
        None,
        f"{INFO}/METADATA",
        "has the Name '../tiny', which is none",
    ),
    "a name of two lines": (
        [Raw(f"{INFO}/METADATA", b"Name: tiny\n x\nVersion: 1.0\n")],
        None,
        f"{INFO}/METADATA",
        "has the Name 'tiny\\n x', which is none",
    ),
    "another name": (
        [Raw(f"{INFO}/METADATA", b"Name: other\nVersion: 1.0\n")],
        None,
        f"{INFO}/METADATA: other",
        "is not the name of its own folder",
    ),
    "a member that fills memory": (
        [Raw(f"{INFO}/METADATA", bytes(17 << 20))],
        None,
        f"{INFO}/METADATA",
        "has 17825792 bytes, and more than",
    ),
}


@pytest.fixture(name="refused")
def _refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """One error, with a remedy, and nothing is left but the wheel."""
    return lambda *arguments: refuse(tmp_path, capsys, *arguments)


def refuse(folder: Path, capsys: pytest.CaptureFixture[str], wheel: Path, named: str, said: str) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(SystemExit) as caught:
        part(wheel, folder)
    printed = capsys.readouterr()
    assert (caught.value.code, printed.out) == (1, "")
    first, *remedy = printed.err.splitlines()
    assert first.startswith(f"error: {wheel}: {named}" if named else f"error: {wheel}: ")
    assert said in first
    assert len(remedy) == 1
    assert remedy[0].startswith("  The wheel is ")
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_wheel_is_one_error_and_no_output(case: str, tmp_path: Path, refused: Refused) -> None:
    members, record, named, said = BAD[case]
    if record is not None:
        names = {f"{INFO}/METADATA", f"{INFO}/WHEEL"}
        own = raw_wheel(tmp_path, [])
        with zipfile.ZipFile(own) as archive:
            record += "".join(record_line(name, archive.read(name)) for name in sorted(names))
    refused(raw_wheel(tmp_path, members, record=record), f"{named}: ", said)


def at_end(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Changes the record that an archive ends with."""
    return lambda blob: blob[: blob.rindex(b"PK\5\6")] + change(blob[blob.rindex(b"PK\5\6") :])


ARCHIVES: dict[str, tuple[Callable[[bytes], bytes], str, str]] = {
    "nothing": (lambda blob: b"", "", "not a whole wheel: "),
    "no archive": (lambda blob: b"<html>404</html>", "", "not a whole wheel: File is not a zip file"),
    "half of one": (lambda blob: blob[: len(blob) // 2], "", "not a whole wheel: "),
    "a byte less": (lambda blob: blob[:-1], "", "not a whole wheel: "),
    "a start that is missing": (lambda blob: blob[9:], "tiny.py: ", "the archive ends in it"),
    "a directory elsewhere": (
        at_end(lambda end: end[:16] + b"\0\0\0\1" + end[20:]),
        "",
        "the archive ends in it",
    ),
    "a directory that is larger": (
        at_end(lambda end: end[:12] + b"\xff" * 4 + end[16:]),
        "",
        "not a whole wheel: ",
    ),
    "no RECORD": (lambda blob: blob.replace(b"/RECORD", b"/RACORD"), f"{INFO}/RECORD: ", "is missing"),
    "no METADATA": (
        lambda blob: blob.replace(b"/METADATA", b"/MOTADATA"),
        "",
        "is listed in RECORD and is missing",
    ),
    "no dist-info": (
        lambda blob: blob.replace(b".dist-info", b".dist-inf0"),
        "",
        "0 .dist-info folders instead",
    ),
    "a member elsewhere": (lambda blob: blob.replace(b"PK\3\4", b"PK\3\5", 1), "", "does not lead to it"),
}


@pytest.mark.parametrize("case", ARCHIVES)
def test_a_damaged_archive_is_one_error_and_no_output(case: str, tmp_path: Path, refused: Refused) -> None:
    change, named, said = ARCHIVES[case]
    wheel = raw_wheel(tmp_path, [GOOD])
    wheel.write_bytes(change(wheel.read_bytes()))
    refused(wheel, named, said)


def test_a_member_that_lies_beyond_all_files(tmp_path: Path, refused: Refused) -> None:
    wheel = raw_wheel(tmp_path, [Raw("a", b"x", zip64=True), GOOD])
    blob = wheel.read_bytes()
    offset = blob.index(b"PK\1\2") + 46 + 1 + 4 + 16
    wheel.write_bytes(blob[:offset] + b"\xff" * 8 + blob[offset + 8 :])
    refused(wheel, "", "")


def test_a_wheel_without_any_tag(tmp_path: Path, refused: Refused) -> None:
    wheel = raw_wheel(tmp_path, [Raw(f"{INFO}/WHEEL", b"Wheel-Version: 1.0\n")], name="tiny.whl")
    refused(wheel, f"{INFO}/WHEEL: ", "has no Tag, and the wheel's name says not")


def test_a_missing_wheel(tmp_path: Path) -> None:
    done = start("venv_part", *part_arguments(tmp_path / "none.whl", tmp_path))
    assert (done.returncode, done.stderr) == (1, f"error: {tmp_path}/none.whl: No such file or directory\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("output", ["part", "facts", "libraries"])
def test_a_full_disk_is_one_error_and_no_output(output: str, tmp_path: Path) -> None:
    wheel = raw_wheel(tmp_path, [GOOD, Raw("noise", os.urandom(99_999))])
    full = tmp_path / output
    full.symlink_to("/dev/full")
    done = start("venv_part", *part_arguments(wheel, tmp_path))
    assert (done.returncode, done.stderr) == (1, f"error: {full}: No space left on device\n")
    assert sorted(tmp_path.iterdir()) == sorted([full, wheel])


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("cp312-cp312-manylinux_2_17_x86_64", "is for cp312-cp312, this is Python 3.11"),
        (
            "cp311-cp311d-manylinux_2_17_x86_64",
            "is for cp311-cp311d-manylinux_2_17_x86_64, this is Python 3.11",
        ),
        ("py2-none-any", "is for py2, this is Python 3.11"),
        ("pp311-none-any", "is for pp311, this is Python 3.11"),
        ("cp311-cp311-win_amd64", "is for win_amd64, this is Debian on amd64"),
        ("cp311-cp311-macosx_11_0_arm64", "is for macosx_11_0_arm64, this is Debian on amd64"),
        ("cp311-cp311-musllinux_1_2_x86_64", "is for musllinux_1_2_x86_64, this is Debian on amd64"),
        ("cp311-cp311-manylinux_2_17_aarch64", "is for aarch64, this is amd64"),
        ("cp311-cp311-manylinux_2_39_x86_64", "needs glibc 2.39, the image has 2.36"),
    ],
)
def test_a_wheel_for_another_image_is_one_error_and_no_output(tag: str, said: str, tmp_path: Path) -> None:
    wheel = raw_wheel(tmp_path, [GOOD], name=f"tiny-1.0-{tag}.whl")
    main(part_arguments(wheel, tmp_path))
    options = ["--version=3.11.2", "--arch=amd64", "--glibc=2.36", f"--ok={tmp_path / 'ok'}"]
    done = start("venv_check", *options, tmp_path / "facts")
    remedy = "  Lock a version that has a wheel for this image, or build one from source: sdist_wheel.\n"
    assert done.stderr == f"error: {wheel.name}: tiny 1.0 {said}\n{remedy}"
    assert done.returncode == 1
    assert not (tmp_path / "ok").exists()


def test_a_damaged_part_is_one_error_and_no_layer(tmp_path: Path) -> None:
    """A part of which files are left out is read; others are copied as Bazel keeps them."""
    for number in ("1", "2"):
        (tmp_path / number).mkdir()
        main(part_arguments(raw_wheel(tmp_path / number, [GOOD]), tmp_path / number))
    other = tmp_path / "2" / "facts"
    facts = replace(read_facts(other), name="other", dist_info="other-1.0.dist-info")
    other.write_text(facts.dumps(), encoding="utf-8")
    whole = (tmp_path / "2" / "part").read_bytes()
    for damaged in (whole[:-9], whole[:20], b"no gzip", whole[:20] + bytes(50) + whole[70:]):
        (tmp_path / "2" / "part").write_bytes(damaged)
        first, second = ([tmp_path / name / kind for kind in ("facts", "part")] for name in ("1", "2"))
        done = start("venv_layer", "--layer", tmp_path / "layer", "--part", *first, "--part", *second)
        assert done.returncode == 1, damaged
        assert re.match(rf"error: {tmp_path}/2/part: (not a |cannot be decompressed)", done.stderr)
        assert done.stderr.count("\n") == 1
        assert not (tmp_path / "layer").exists()
