"""Reads a .deb: an ar archive with debian-binary, control.tar and data.tar, in that order.

Everything is read front to back in bounded memory, and everything that is not as deb(5) says is an error. So
is what dpkg would not unpack, and damage that Python's tarfile takes for the end of an archive.
"""

import gzip
import importlib
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO, cast

from tools.common.errors import ToolError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MAGIC = b"!<arch>\n"
_HEADER = 60
_DAMAGE: tuple[type[Exception], ...] = (
    tarfile.TarError,
    lzma.LZMAError,
    EOFError,
    gzip.BadGzipFile,
    zlib.error,
)
_UNPACKED = (
    *(tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE),
    *(tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE),
)
_REFUSED = {tarfile.GNUTYPE_SPARSE: "a sparse file", tarfile.CONTTYPE: "a contiguous file"}

_Opener = Callable[[BinaryIO], BinaryIO]


@dataclass(frozen=True)
class Member:
    """One member of an ar archive, by its place in the file."""

    name: str
    offset: int
    size: int


class _Window(io.RawIOBase):
    """The bytes of one ar member as a stream of its own."""

    def __init__(self, stream: BinaryIO, member: Member) -> None:
        self._stream, self._left = stream, member.size
        stream.seek(member.offset)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.read(min(len(view), self._left))
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)


class _Entry(tarfile.TarInfo):
    """A tar header. Only two blocks of zeros end an archive, and only what dpkg unpacks may be in it."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> "_Entry":
        try:
            entry = super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ == "EOFHeaderError":
                raise
            raise tarfile.ReadError(f"no tar header where one must be: {error}") from error
        if entry.pax_headers:
            raise ToolError(
                f"has {entry.name!r} with the pax attributes {', '.join(sorted(entry.pax_headers))}, "
                "which dpkg does not unpack"
            )
        if entry.type not in _UNPACKED:
            what = _REFUSED.get(entry.type, f"of the tar type {entry.type.decode('latin-1')!r}")
            raise ToolError(f"has {entry.name!r}, {what}, which dpkg does not unpack")
        return entry


def members(stream: BinaryIO, size: int) -> dict[str, Member]:
    """The three members of a .deb by their stem: `control.tar` for `control.tar.xz`."""
    if stream.read(len(_MAGIC)) != _MAGIC:
        raise ToolError("is not a .deb: it does not begin as an ar archive")
    found: list[Member] = []
    offset = len(_MAGIC)
    while offset < size:
        stream.seek(offset)
        head = stream.read(_HEADER)
        if len(head) < _HEADER or head[58:] != b"`\n" or not head[48:58].strip().isdigit():
            raise ToolError(f"is damaged or truncated: no ar header at byte {offset}")
        member = Member(
            head[:16].decode("ascii", "replace").strip().rstrip("/"), offset + _HEADER, int(head[48:58])
        )
        if member.offset + member.size > size:
            raise ToolError(
                f"is truncated: {member.name} ends at byte {member.offset + member.size}, the file at {size}"
            )
        found.append(member)
        offset = member.offset + member.size + member.size % 2
    found = [member for member in found if not member.name.startswith("_")]
    stems = [
        member.name[: member.name.find(".tar") + 4] if ".tar" in member.name else member.name
        for member in found
    ]
    if stems != ["debian-binary", "control.tar", "data.tar"]:
        raise ToolError(
            f"is not a .deb: its members are {', '.join(member.name for member in found) or 'none'}"
        )
    stream.seek(found[0].offset)
    if not stream.read(found[0].size).startswith(b"2."):
        raise ToolError("is not a .deb of format 2")
    return dict(zip(stems, found, strict=True))


@contextmanager
def open_tar(stream: BinaryIO, member: Member) -> Iterator[tarfile.TarFile]:
    """The tar archive in a member, as a stream. Damage found while reading it is a ToolError."""
    suffix = member.name[member.name.find(".tar") + 4 :]
    raw = cast(BinaryIO, io.BufferedReader(_Window(stream, member)))
    decompressed, more_damage = _decompressor(suffix, member)
    damage = _DAMAGE + more_damage
    try:
        with (
            decompressed(raw) as plain,
            tarfile.open(fileobj=plain, mode="r|", tarinfo=_Entry) as archive,
        ):
            yield archive
            while plain.read(1 << 20):  # to the end, for the checksum behind the last block
                pass
    except damage as error:
        raise ToolError(f"is damaged or truncated: {member.name}: {error}") from error


def _decompressor(suffix: str, member: Member) -> tuple[_Opener, tuple[type[Exception], ...]]:
    """What opens a compressed stream, and what else than _DAMAGE it raises when the stream is damaged."""
    if suffix == ".xz":
        return lambda raw: cast(BinaryIO, lzma.open(raw)), ()
    if suffix == ".gz":
        return lambda raw: cast(BinaryIO, gzip.open(raw)), ()
    if suffix == ".zst":
        return _zstd(member)
    if suffix == "":
        return lambda raw: raw, ()
    raise ToolError(f"has {member.name}, and {suffix[1:]} is not a compression that .debs use today")


def _zstd(member: Member) -> tuple[_Opener, tuple[type[Exception], ...]]:
    """In the standard library since Python 3.14; before that, in the package zstandard or backports.zstd."""
    module = next(filter(None, map(_importable, ("compression.zstd", "backports.zstd", "zstandard"))), None)
    if module is None:
        raise ToolError(f"has {member.name}, which takes Python 3.14 or the package zstandard to read")
    return lambda raw: cast(BinaryIO, module.open(raw, "rb")), (module.ZstdError,)


def _importable(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
