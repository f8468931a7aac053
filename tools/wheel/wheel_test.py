"""Wheels that are whole, and each way in which one may not be."""

from __future__ import annotations

import hashlib
import stat
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.wheel.member import CHUNK
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


def inflated(path: Path, name: str) -> bytes:
    with Wheel.open(path) as wheel:
        member = wheel.member(name)
        assert member.is_deflated
        raw = b"".join(member.deflated())
        assert zlib.crc32(zlib.decompress(raw, -zlib.MAX_WBITS)) == member.crc
        return zlib.decompress(raw, -zlib.MAX_WBITS)


def test_deflate_streams_are_given_as_they_stand(tmp_path: Path) -> None:
    path = build(tmp_path)
    for name, data in FILES.items():
        assert inflated(path, name) == data
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(f"{INFO}/RECORD.jws"), b"signed", zipfile.ZIP_STORED)
    with Wheel.open(path) as wheel:
        assert not wheel.member(f"{INFO}/RECORD.jws").is_deflated
        assert wheel.read(f"{INFO}/RECORD.jws") == b"signed"
        assert wheel.recorded(f"{INFO}/RECORD.jws") is None
        recorded = wheel.recorded("pkg/lib/data.bin")
        assert recorded is not None
        assert recorded.digest == hashlib.sha256(FILES["pkg/lib/data.bin"]).digest()


@pytest.mark.parametrize("more", [0, 1, 100, 200, 257])
def test_a_deflate_stream_that_is_pending_when_its_input_ends_is_whole(more: int, tmp_path: Path) -> None:
    """An inflater may owe an answer after the last compressed byte."""
    zeros = bytes(2 * CHUNK + more)
    path = write_wheel(tmp_path, "some-pkg", "1.5", {"zeros": zeros})
    assert inflated(path, "zeros") == zeros


@pytest.mark.parametrize(
    ("mode", "executable"),
    [
        (stat.S_IFREG | 0o755, True),
        (stat.S_IFREG | 0o644, False),
        (stat.S_IFREG | 0o001, True),
        (0o755, False),  # no kind of file: then pip doesn't believe it either
        (0, False),
    ],
)
def test_programs(mode: int, executable: bool, tmp_path: Path) -> None:
    path = build(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo(f"{INFO}/RECORD.jws")
        info.external_attr = mode << 16
        archive.writestr(info, b"")
    with Wheel.open(path) as wheel:
        assert wheel.is_executable(f"{INFO}/RECORD.jws") == executable
        assert not wheel.is_executable("pkg/lib/data.bin")


def rewrite(path: Path, name: str, change: Callable[[zipfile.ZipInfo, bytearray, int], None]) -> Path:
    """Changes the bytes of an archive, told where a member's stream begins."""
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
    data = bytearray(path.read_bytes())
    change(info, data, info.header_offset + 30 + len(name))
    path.write_bytes(data)
    return path


def directory(path: Path, name: str, offset: int, value: int) -> Path:
    """Changes a field of four bytes in a member's entry of the archive's directory."""

    def change(_info: zipfile.ZipInfo, data: bytearray, _start: int) -> None:
        entry = data.rindex(name.encode()) - 46
        data[entry + offset : entry + offset + 4] = value.to_bytes(4, "little")

    return rewrite(path, name, change)


def test_a_deflate_stream_that_is_wrong_names_the_member(tmp_path: Path) -> None:
    name = "pkg/lib/data.bin"

    def spoil(_info: zipfile.ZipInfo, data: bytearray, start: int) -> None:
        data[start + 20 : start + 40] = bytes(20)

    def other_name(info: zipfile.ZipInfo, data: bytearray, _start: int) -> None:
        data[info.header_offset + 30] = ord("q")

    def no_header(info: zipfile.ZipInfo, data: bytearray, _start: int) -> None:
        data[info.header_offset] = 0

    size = zipfile.ZipFile(build(tmp_path)).getinfo(name).compress_size
    cases: list[tuple[Callable[[Path], Path], str]] = [
        (lambda path: rewrite(path, name, spoil), "cannot be read|differs"),
        (lambda path: rewrite(path, name, other_name), "directory does not lead to it"),
        (lambda path: rewrite(path, name, no_header), "directory does not lead to it"),
        (lambda path: directory(path, name, 16, 1234), "size or CRC differs"),
        (lambda path: directory(path, name, 20, size - 5), "does not end where the archive says"),
        (lambda path: directory(path, name, 20, size + 5), "does not end where the archive says"),
        (lambda path: directory(path, name, 20, 1 << 30), "the archive ends in it|does not end"),
    ]
    for wrong, message in cases:
        path = wrong(build(tmp_path))
        with pytest.raises(ToolError, match=message) as caught:
            inflated(path, name)
        assert str(caught.value).startswith(f"error: {path}: {name}: ")


def test_a_deflate_stream_is_compared_with_record(tmp_path: Path) -> None:
    path = build(tmp_path, put("pkg/lib/data.bin", bytes(256 * 5000)))
    with pytest.raises(ToolError, match=r"pkg/lib/data\.bin: its sha256 differs"):
        inflated(path, "pkg/lib/data.bin")


def test_memory_is_bounded(tmp_path: Path) -> None:
    """A small stream that inflates to much is never in memory as a whole."""
    path = write_wheel(tmp_path, "some-pkg", "1.5", {"zeros": bytes(200 << 20)})
    with Wheel.open(path) as wheel:
        tracemalloc.start()
        assert sum(len(chunk) for chunk in wheel.member("zeros").deflated()) < 1 << 20
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 << 20


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


def test_devices_and_doubles_are_refused(tmp_path: Path) -> None:
    path = build(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        device = zipfile.ZipInfo("pkg/device")
        device.external_attr = (stat.S_IFCHR | 0o666) << 16
        archive.writestr(device, "")
    with pytest.raises(ToolError, match="pkg/device: is neither a file nor a folder"):
        read_all(path)
    path = build(tmp_path)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("pkg/__init__.py", b"")
    with pytest.raises(ToolError, match=r"pkg/__init__\.py: is in the archive twice"):
        read_all(path)


def test_the_hash_is_compared_while_streaming(tmp_path: Path) -> None:
    path = build(tmp_path, put("pkg/lib/data.bin", bytes(256 * 5000)))
    with Wheel.open(path) as wheel:
        content = wheel.member("pkg/lib/data.bin").content()
        assert next(content)[:1000] == bytes(1000)
        with pytest.raises(ToolError, match="differs"):
            list(content)
