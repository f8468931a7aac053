"""Writes archives field by field (APPNOTE.TXT 4.3), as zipfile won't: wheels that are odd, or wrong."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.wheel.wheel_writer import record_line

_UTF8 = 0x800
_DESCRIPTOR = 8
_FULL = 0xFFFFFFFF
_TIME = (0, 0x21)


@dataclass(frozen=True)
class Raw:
    """One member. What is not given follows from the rest; `stream` is the content as it is compressed."""

    name: str | bytes
    data: bytes = b""
    method: int = zipfile.ZIP_DEFLATED
    flags: int = 0
    mode: int = 0
    descriptor: bool = False
    zip64: bool = False
    crc: int | None = None
    stream: bytes | None = None

    @property
    def raw_name(self) -> bytes:
        """The name as it is written."""
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def all_flags(self) -> int:
        """The flags with those that follow from the name and the descriptor."""
        utf8 = _UTF8 if isinstance(self.name, str) and not self.name.isascii() else 0
        return self.flags | utf8 | (_DESCRIPTOR if self.descriptor else 0)

    def packed(self) -> bytes:
        """The compressed content."""
        if self.stream is not None:
            return self.stream
        if self.method != zipfile.ZIP_DEFLATED:
            return self.data
        deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        return deflate.compress(self.data) + deflate.flush()


def zip_bytes(
    members: Iterable[Raw], *, prefix: bytes = b"", comment: bytes = b"", zip64: bool = False
) -> bytes:
    """An archive: `prefix` before it, as self-extracting ones have; `zip64` for records of large ones."""
    body, directory = bytearray(prefix), bytearray()
    count = 0
    for member in members:
        count += 1
        packed, name = member.packed(), member.raw_name
        crc = zlib.crc32(member.data) if member.crc is None else member.crc
        sizes = crc, len(packed), len(member.data)
        hidden = (crc, _FULL, _FULL) if member.zip64 else sizes
        local = (0, 0, 0) if member.descriptor else hidden
        extra = struct.pack("<HHQQ", 1, 16, sizes[2], sizes[1]) if member.zip64 else b""
        fields = (45, member.all_flags, member.method, *_TIME)
        offset = len(body) - len(prefix)
        body += struct.pack("<4s5H3L2H", b"PK\3\4", *fields, *local, len(name), len(extra)) + name + extra
        body += packed
        if member.descriptor:
            body += struct.pack("<4sL2Q" if member.zip64 else "<4s3L", b"PK\7\10", *sizes)
        if member.zip64:
            extra = struct.pack("<HH3Q", 1, 24, sizes[2], sizes[1], offset)
        attributes = (0, 0, 0, member.mode << 16, _FULL if member.zip64 else offset)
        directory += struct.pack("<4s6H3L2H", b"PK\1\2", 3 << 8, *fields, *hidden, len(name), len(extra))
        directory += struct.pack("<3H2L", *attributes) + name + extra
    start = len(body) - len(prefix)
    end = (count, count, len(directory), start)
    tail = b""
    if zip64:
        tail = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, *end)
        tail += struct.pack("<4sLQL", b"PK\6\7", 0, start + len(directory), 1)
        end = (0xFFFF, 0xFFFF, _FULL, _FULL)
    tail += struct.pack("<4s2H2H2LH", b"PK\5\6", 0, 0, *end, len(comment)) + comment
    return bytes(body + directory + tail)


def raw_wheel(
    folder: Path,
    members: Sequence[Raw],
    *,
    record: str | None = None,
    name: str = "tiny-1.0-py3-none-any.whl",
    prefix: bytes = b"",
    comment: bytes = b"",
    zip64: bool = False,
) -> Path:
    """A wheel `tiny` of these members, with METADATA, WHEEL and RECORD where they have none."""
    info = "tiny-1.0.dist-info"
    own = [
        Raw(f"{info}/METADATA", b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"),
        Raw(f"{info}/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
    ]
    names = {member.name for member in members}
    every = [*members, *(member for member in own if member.name not in names)]
    if record is None:
        files = [member for member in every if not member.raw_name.endswith(b"/")]
        record = "".join(record_line(member.raw_name.decode(), member.data) for member in files)
        record += f"{info}/RECORD,,\n"
    if f"{info}/RECORD" not in names:
        every.append(Raw(f"{info}/RECORD", record.encode()))
    path = folder / name
    path.write_bytes(zip_bytes(every, prefix=prefix, comment=comment, zip64=zip64))
    return path
