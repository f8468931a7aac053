"""Wheels that are whole, and each way in which one may not be."""

from __future__ import annotations

import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.wheel.wheel import Wheel
from tools.wheel.wheel_writer import Change, record_line, write_wheel

FILES = {"pkg/__init__.py": b"", "pkg/lib/data.bin": bytes(range(256)) * 5000}
INFO = "some_pkg-1.5.dist-info"


def build(tmp_path: Path, change: Change | None = None) -> Path:
    return write_wheel(tmp_path, "some-pkg", "1.5", FILES, change)


def read_all(path: Path) -> None:
    with Wheel.open(path) as wheel:
        wheel.verify()


def test_a_whole_wheel_is_read(tmp_path: Path) -> None:
    with Wheel.open(build(tmp_path)) as wheel:
        wheel.verify()
        assert (wheel.name, wheel.version, wheel.dist_info) == ("some-pkg", "1.5", INFO)
        assert wheel.names() == sorted(
            [*FILES, *(f"{INFO}/{name}" for name in ("License.txt", "METADATA", "RECORD"))]
        )
        assert wheel.read("pkg/lib/data.bin") == FILES["pkg/lib/data.bin"]
        assert wheel.head("pkg/lib/data.bin", 3) == b"\0\1\2"
        assert wheel.size("pkg/lib/data.bin") == 256 * 5000
        with pytest.raises(ToolError, match="pkg/none: is missing"):
            wheel.read("pkg/none")


def put(name: str, data: bytes) -> Change:
    return lambda members: members.update({name: data})


def line(name: str, text: str) -> Change:
    """Replaces a file's line in RECORD."""

    def change(members: dict[str, bytes]) -> None:
        record = members[f"{INFO}/RECORD"].decode()
        old = record_line(name, members[name])
        assert old in record
        members[f"{INFO}/RECORD"] = record.replace(old, text).encode()

    return change


BAD: dict[str, tuple[Change, str]] = {
    "changed": (put("pkg/lib/data.bin", bytes(256 * 5000)), r"pkg/lib/data\.bin: its sha256 differs"),
    "longer": (put("pkg/__init__.py", b"x"), r"pkg/__init__\.py: has 1 bytes, RECORD says 0"),
    "more": (put("pkg/more.py", b""), r"pkg/more\.py: is not listed in RECORD"),
    "fewer": (
        lambda members: members.pop("pkg/__init__.py"),
        r"__init__\.py: is listed in RECORD and is missing",
    ),
    "absolute": (put("/etc/passwd", b""), "/etc/passwd: leaves the folder"),
    "parent": (put("pkg/../../x", b""), r"pkg/\.\./\.\./x: leaves the folder"),
    "drive": (put("C:/x", b""), "C:/x: leaves the folder"),
    "dots": (put("pkg/./x", b""), "not a name in normal form"),
    "no record": (lambda members: members.pop(f"{INFO}/RECORD"), "RECORD: is missing"),
    "no metadata": (
        lambda members: members.pop(f"{INFO}/METADATA"),
        "METADATA: is listed in RECORD and is missing",
    ),
    "two dist-infos": (put("other-1.dist-info/METADATA", b""), "2 .dist-info folders"),
    "md5": (line("pkg/__init__.py", "pkg/__init__.py,md5=abc,0\n"), "no usable hash and size"),
    "no hash": (line("pkg/__init__.py", "pkg/__init__.py,,\n"), "no usable hash and size"),
    "short line": (line("pkg/__init__.py", "pkg/__init__.py\n"), "a line of 1 fields"),
    "unlisted": (line("pkg/__init__.py", ""), r"pkg/__init__\.py: is not listed"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_wheel_is_one_error_with_its_name(case: str, tmp_path: Path) -> None:
    change, message = BAD[case]
    path = build(tmp_path, change)
    with pytest.raises(ToolError, match=message) as caught:
        read_all(path)
    assert str(caught.value).startswith(f"error: {path}: ")
    assert "Fetch it again" in str(caught.value)


@pytest.mark.parametrize("keep", [0, 10, 2000, -1, -30])
def test_a_cut_wheel(keep: int, tmp_path: Path) -> None:
    path = build(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ToolError, match="not a whole wheel"):
        read_all(path)


def test_damaged_bytes_name_the_member(tmp_path: Path) -> None:
    path = build(tmp_path)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("pkg/lib/data.bin")
    data = bytearray(path.read_bytes())
    start = info.header_offset + 30 + len(info.filename)
    data[start + 20 : start + 40] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(ToolError, match=r"pkg/lib/data\.bin: (cannot be read|its sha256)"):
        read_all(path)


def test_links_and_doubles_are_refused(tmp_path: Path) -> None:
    path = build(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("pkg/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ToolError, match="pkg/link: is neither a file nor a folder"):
        read_all(path)
    path = build(tmp_path)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("pkg/__init__.py", b"")
    with pytest.raises(ToolError, match=r"pkg/__init__\.py: is in the archive twice"):
        read_all(path)


def test_the_hash_is_compared_while_streaming(tmp_path: Path) -> None:
    path = build(tmp_path, put("pkg/lib/data.bin", bytes(256 * 5000)))
    with Wheel.open(path) as wheel, wheel.stream("pkg/lib/data.bin") as stream:
        assert stream.read(1000) == bytes(1000)
        with pytest.raises(ToolError, match="differs"):
            stream.read()
