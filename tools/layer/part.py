"""Writes layer parts, and joins parts into a layer by copying.

A part is a gzip stream (RFC 1952) of tar entries without the end-of-archive blocks. gzip streams may be
concatenated, so parts may too; a last gzip member with those blocks makes a layer of them. A part is thus
compressed once, where it is made, and merged any number of times for the price of a copy.

A file that is compressed already, as the members of a wheel are, keeps its deflate stream: that becomes a
gzip member of its own.

The bytes depend on the entries, on LEVEL and on the zlib that Python is linked with, on nothing else: the
gzip header has no time, no name and no operating system. (zlib's output has been the same for many years;
zlib-ng's differs. A test holds a known digest so that a change of library does not go unnoticed.)
"""

import io
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

from tools.common.errors import ToolError
from tools.layer import tar
from tools.layer.tar import Entry, Kind

LEVEL = 6
CHUNK = 1 << 20
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Reader(Protocol):
    """A stream, as far as it is needed here."""

    def read(self, size: int = -1, /) -> bytes:
        """Returns at most `size` bytes, none at the end."""
        ...


class GzipMember:
    """One gzip member written to `out`, without any of the fields that could differ between two runs."""

    def __init__(self, out: BinaryIO, level: int = LEVEL) -> None:
        self._out = out
        self._deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._crc = 0
        self._size = 0
        out.write(_GZIP_HEADER)

    def write(self, data: bytes) -> None:
        """Compresses some more."""
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._out.write(self._deflate.compress(data))

    def close(self) -> None:
        """Ends the member; the stream stays open."""
        self._out.write(self._deflate.flush())
        self._out.write(struct.pack("<LL", self._crc, self._size & 0xFFFFFFFF))


class PartWriter:
    """Writes one part. Entries come in the caller's order, which should be that of their paths.

    A part without entries is an empty file, which is a part as well.
    Use it as a context manager, or call `close`; `out` stays open.
    """

    def __init__(self, out: BinaryIO, level: int = LEVEL) -> None:
        self._out = out
        self._level = level
        self._member: GzipMember | None = None
        self._paths: set[str] = set()

    def add(self, entry: Entry, data: bytes | Reader | None = None) -> None:
        """Adds an entry. A file's data must have the size that the entry says; streams are read in chunks."""
        head = self._head(entry)
        if data is None or entry.kind is not Kind.FILE:
            if entry.size or data:
                raise ToolError(
                    f"{entry.path!r} is a {entry.kind} of {entry.size} bytes and got no fitting content"
                )
            data = b""
        member = self._open()
        member.write(head)
        self._content(member, entry, io.BytesIO(data) if isinstance(data, bytes) else data)

    def add_deflated(self, entry: Entry, stream: Iterable[bytes], crc: int) -> None:
        """Adds a file whose content is a raw deflate stream, which is copied and not looked at.

        Args:
            entry: the file; its size is that of the content.
            stream: the chunks of the one stream, which must inflate to `entry.size` bytes.
            crc: CRC-32 of the content.
        """
        head = self._head(entry)
        if entry.kind is not Kind.FILE:
            raise ToolError(f"{entry.path!r} is a {entry.kind}, which has no content")
        self._open().write(head)
        self.close()
        self._out.write(_GZIP_HEADER)
        for chunk in stream:
            self._out.write(chunk)
        self._out.write(struct.pack("<LL", crc, entry.size & 0xFFFFFFFF))
        if padding := tar.padding(entry.size):
            self._open().write(padding)

    def _head(self, entry: Entry) -> bytes:
        head = tar.header(entry)
        if entry.path in self._paths:
            raise ToolError(f"{entry.path!r} is twice in one layer part")
        if entry.kind is Kind.HARDLINK and entry.link not in self._paths:
            raise ToolError(f"{entry.path!r} is a hard link to {entry.link!r}, which does not come before it")
        self._paths.add(entry.path)
        return head

    def _open(self) -> GzipMember:
        """The gzip member that is being written, or a new one."""
        if self._member is None:
            self._member = GzipMember(self._out, self._level)
        return self._member

    def _content(self, member: GzipMember, entry: Entry, data: Reader) -> None:
        left = entry.size
        while left and (chunk := data.read(min(CHUNK, left))):
            member.write(chunk)
            left -= len(chunk)
        if left or data.read(1):
            raise ToolError(
                f"{entry.path!r} has {'less' if left else 'more'} content than its size {entry.size}"
            )
        member.write(tar.padding(entry.size))

    def close(self) -> None:
        """Ends the part; `out` stays open."""
        if self._member is not None:
            self._member.close()
            self._member = None

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()


def write_layer(parts: Iterable[Path], out: BinaryIO) -> None:
    """Copies the parts and ends the archive: the result is a complete .tar.gz."""
    for part in parts:
        with part.open("rb") as stream:
            magic = stream.read(2)
            if magic and magic != _GZIP_HEADER[:2]:
                raise ToolError("not a layer part: no gzip data", file=part)
            out.write(magic)
            while chunk := stream.read(CHUNK):
                out.write(chunk)
    end = GzipMember(out)
    end.write(tar.END_OF_ARCHIVE)
    end.close()
