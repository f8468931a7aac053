"""Writes layer parts, and joins parts into a layer by copying.

A part is a gzip stream (RFC 1952) of tar entries without the end-of-archive blocks. gzip streams may be
concatenated, so parts may too; a last gzip member with those blocks makes a layer of them. A part is thus
compressed once, where it is made, and merged any number of times for the price of a copy.

A file that is compressed already, as the members of a wheel are, keeps its deflate stream: that becomes a
gzip member of its own. The writer notes where each file's content is, so that a table of contents can lead a
reader straight to it (tools/layer/estargz.py).

Other compressions whose streams may be concatenated are a `Codec` and a subclass of EntryWriter.

The bytes depend on the entries, on LEVEL and on the zlib that Python is linked with, on nothing else: the
gzip header has no time, no name and no operating system. (zlib's output has been the same for many years;
zlib-ng's differs. A test holds a known digest so that a change of library does not go unnoticed.)
"""

import abc
import io
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

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


class Writer(Protocol):
    """Where bytes go, as far as it is needed here."""

    def write(self, data: bytes, /) -> int:
        """Takes all of the bytes."""
        ...


class Sink(Protocol):
    """A compressed stream that is being written."""

    def write(self, data: bytes, /) -> None:
        """Compresses some more."""
        ...


class Counted:
    """Passes bytes on and counts them: what is written to may be a pipe, which has no position."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.written = 0

    def write(self, data: bytes, /) -> int:
        """Writes, as a file does."""
        self.written += len(data)
        return self._out.write(data)


class GzipMember:
    """One gzip member written to `out`, without any of the fields that could differ between two runs."""

    def __init__(self, out: Writer, level: int = LEVEL) -> None:
        self._out = out
        self._deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._crc = 0
        self.size = 0
        out.write(_GZIP_HEADER)

    def write(self, data: bytes, /) -> None:
        """Compresses some more."""
        self._crc = zlib.crc32(data, self._crc)
        self.size += len(data)
        self._out.write(self._deflate.compress(data))

    def close(self) -> None:
        """Ends the member; the stream stays open."""
        self._out.write(self._deflate.flush())
        self._out.write(struct.pack("<LL", self._crc, self.size & 0xFFFFFFFF))


def gzip_member(data: bytes) -> bytes:
    """A whole gzip member."""
    out = io.BytesIO()
    member = GzipMember(out)
    member.write(data)
    member.close()
    return out.getvalue()


@dataclass(frozen=True)
class Codec:
    """A compression whose streams may be concatenated.

    `magic` begins each stream, and `compress` makes a whole one.
    """

    name: str
    magic: bytes
    compress: Callable[[bytes], bytes]


GZIP = Codec("gzip", _GZIP_HEADER[:2], gzip_member)


@dataclass(frozen=True)
class Span:
    """Where the content of a file is: `inner` bytes into what the gzip member at `offset` inflates to."""

    path: str
    offset: int
    inner: int
    size: int


class EntryWriter(abc.ABC):
    """Writes one part. Entries come in the caller's order, which should be that of their paths.

    A part without entries is an empty file, which is a part as well.
    Use it as a context manager, or call `close`; what is written to stays open.
    `entries` has what was added, by path and in that order.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def add(self, entry: Entry, data: bytes | Reader | None = None) -> None:
        """Adds an entry. A file's data must have the size that the entry says; streams are read in chunks."""
        head = self._head(entry)
        if data is None or entry.kind is not Kind.FILE:
            if entry.size or data:
                raise ToolError(
                    f"{entry.path!r} is a {entry.kind} of {entry.size} bytes and got no fitting content"
                )
            data = b""
        self._open().write(head)
        self._content(self._payload(entry), entry, io.BytesIO(data) if isinstance(data, bytes) else data)

    @abc.abstractmethod
    def _open(self) -> Sink:
        """The stream that is being written, or a new one."""

    def _payload(self, entry: Entry) -> Sink:
        """The stream for the content of an entry, whose header was written."""
        return self._open()

    @abc.abstractmethod
    def close(self) -> None:
        """Ends the part; what is written to stays open."""

    def _head(self, entry: Entry) -> bytes:
        head = tar.header(entry)
        if entry.path in self.entries:
            raise ToolError(f"{entry.path!r} is twice in one layer part")
        if entry.kind is Kind.HARDLINK and entry.link not in self.entries:
            raise ToolError(f"{entry.path!r} is a hard link to {entry.link!r}, which does not come before it")
        self.entries[entry.path] = entry
        return head

    def _content(self, stream: Sink, entry: Entry, data: Reader) -> None:
        left = entry.size
        while left and (chunk := data.read(min(CHUNK, left))):
            stream.write(chunk)
            left -= len(chunk)
        if left or data.read(1):
            raise ToolError(
                f"{entry.path!r} has {'less' if left else 'more'} content than its size {entry.size}"
            )
        stream.write(tar.padding(entry.size))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()


class PartWriter(EntryWriter):
    """Writes one part with gzip, and keeps in `spans` where the content of each file that has some is."""

    def __init__(self, out: BinaryIO, level: int = LEVEL, *, member_size: int | None = None) -> None:
        """Begins a part.

        Args:
            out: what is written to; need not be seekable.
            level: of zlib.
            member_size: a file's content begins a new gzip member once this many bytes were compressed into
                the present one. 0 is a member for each content, None as few members as can be. Whoever reads
                one file inflates its member from the beginning.
        """
        super().__init__()
        self._out = Counted(out)
        self._level = level
        self._member_size = member_size
        self._member: GzipMember | None = None
        self._offset = 0
        self.spans: list[Span] = []

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
        self._note(entry, self._out.written, 0)
        self._out.write(_GZIP_HEADER)
        for chunk in stream:
            self._out.write(chunk)
        self._out.write(struct.pack("<LL", crc, entry.size & 0xFFFFFFFF))
        if padding := tar.padding(entry.size):
            self._open().write(padding)

    def _open(self) -> GzipMember:
        if self._member is None:
            self._offset = self._out.written
            self._member = GzipMember(self._out, self._level)
        return self._member

    def _payload(self, entry: Entry) -> GzipMember:
        member = self._open()
        if entry.size and self._member_size is not None and member.size >= self._member_size:
            self.close()
            member = self._open()
        self._note(entry, self._offset, member.size)
        return member

    def _note(self, entry: Entry, offset: int, inner: int) -> None:
        if entry.size:
            self.spans.append(Span(entry.path, offset, inner, entry.size))

    def close(self) -> None:
        """Ends the part; what is written to stays open."""
        if self._member is not None:
            self._member.close()
            self._member = None


def write_layer(parts: Iterable[Path], out: Writer, codec: Codec = GZIP) -> None:
    """Copies the parts, which all have the one compression, and ends the archive: the result is a layer."""
    for part in parts:
        copy_part(part, out, codec)
    out.write(codec.compress(tar.END_OF_ARCHIVE))


def copy_part(part: Path, out: Writer, codec: Codec = GZIP) -> None:
    """Copies one part."""
    with part.open("rb") as stream:
        magic = stream.read(len(codec.magic))
        if magic and magic != codec.magic:
            raise ToolError(f"not a layer part: no {codec.name} data", file=part)
        out.write(magic)
        while chunk := stream.read(CHUNK):
            out.write(chunk)
