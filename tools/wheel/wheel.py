"""Reads a wheel and trusts nothing in it: names, hashes and sizes are checked against its RECORD.

`Wheel.open` checks the archive's directory (no name leaves the root, none is there twice, RECORD lists every
file); `verify` reads every byte and compares hashes. Both raise one ToolError that names wheel and member.
`deflated` gives a member's compressed bytes as they stand, checked in the same pass.
The format is that of the Python packaging specifications (binary distribution format, recording installed
projects).
"""

from __future__ import annotations

import base64
import csv
import email.message
import email.parser
import hashlib
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tools.common.errors import ToolError

CHUNK = 1 << 20
_UNRECORDED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_ENCRYPTED = 1
_UTF8 = 0x800
_LOCAL = struct.Struct("<4s2xH18xHH")  # a member's own header: magic, flags, lengths of name and extra field
_HASHES = ("sha256", "sha384", "sha512")


@dataclass(frozen=True)
class Recorded:
    """What RECORD says of a file."""

    algorithm: str
    digest: bytes
    size: int


class Wheel:
    """An open wheel. Use `Wheel.open` as a context manager."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._members = {info.filename: info for info in self._checked()}
        self.dist_info = self._dist_info()
        self._record: dict[str, Recorded] = {}
        self._record = self._read_record()
        self.metadata: email.message.Message = email.parser.Parser().parsestr(
            self.read(f"{self.dist_info}/METADATA").decode("utf-8", "replace")
        )
        self.name = self._header("Name")
        self.version = self._header("Version")

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Wheel]:
        """Opens a wheel; what goes wrong with the archive, now or while it is read, is a ToolError."""
        try:
            with zipfile.ZipFile(path) as archive:
                yield cls(path, archive)
        except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, zlib.error) as error:
            raise ToolError(f"not a whole wheel: {error}", file=path, remedy=_REMEDY) from error

    def names(self) -> list[str]:
        """The files in the wheel, sorted."""
        return sorted(self._members)

    def size(self, name: str) -> int:
        """The size of a file, as archive and RECORD agree."""
        return self._members[name].file_size

    @contextmanager
    def stream(self, name: str) -> Iterator[Stream]:
        """A file's content; its hash has been checked when the last byte was read."""
        if name not in self._members:
            raise self._error("is missing", name)
        try:
            with self._archive.open(self._members[name]) as raw:
                yield Stream(self, name, raw, self._record.get(name))
        except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
            raise self._error(f"cannot be read: {error}", name) from error

    def is_executable(self, name: str) -> bool:
        """Whether the archive says that a file is a program."""
        mode = self._members[name].external_attr >> 16
        return stat.S_ISREG(mode) and bool(mode & 0o111)

    def recorded(self, name: str) -> Recorded | None:
        """What RECORD says of a file; of itself and its signatures it says nothing."""
        return self._record.get(name)

    def deflated(self, name: str) -> Deflated | None:
        """A file's deflate stream; None when it is stored in another way."""
        info = self._members[name]
        if info.compress_type != zipfile.ZIP_DEFLATED:
            return None
        return Deflated(self, info, self._record.get(name))

    def read(self, name: str) -> bytes:
        """A small file's content, checked."""
        with self.stream(name) as stream:
            return stream.read()

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a file, unchecked."""
        with self.stream(name) as stream:
            return stream.read(size)

    def verify(self, names: list[str] | None = None) -> None:
        """Reads the named files, by default all, and compares them with RECORD."""
        for name in self.names() if names is None else names:
            with self.stream(name) as stream:
                while stream.read(CHUNK):
                    pass

    def _header(self, key: str) -> str:
        value = self.metadata.get(key)
        if not value:
            raise self._error(f"has no {key}", f"{self.dist_info}/METADATA")
        return str(value).strip()

    def _checked(self) -> list[zipfile.ZipInfo]:
        """The files of the archive's directory, once it is certain that each stays inside."""
        seen: set[str] = set()
        for info in self._archive.infolist():
            name = info.filename.removesuffix("/")
            kind = stat.S_IFMT(info.external_attr >> 16)
            if name.startswith("/") or "\\" in name or ".." in name.split("/") or re.match("[A-Za-z]:", name):
                raise self._error("leaves the folder that it is unpacked into", info.filename)
            if any(part in ("", ".") for part in name.split("/")):
                raise self._error("is not a name in normal form", info.filename)
            if name in seen:
                raise self._error("is in the archive twice", info.filename)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise self._error("is neither a file nor a folder", info.filename)
            if info.flag_bits & _ENCRYPTED:
                raise self._error("is encrypted", info.filename)
            seen.add(name)
        return [info for info in self._archive.infolist() if not info.is_dir()]

    def _dist_info(self) -> str:
        found = {name.split("/")[0] for name in self._members if name.split("/")[0].endswith(".dist-info")}
        if len(found) != 1:
            raise ToolError(f"{len(found)} .dist-info folders instead of one", file=self.path, remedy=_REMEDY)
        return found.pop()

    def _read_record(self) -> dict[str, Recorded]:
        name = f"{self.dist_info}/RECORD"
        record: dict[str, Recorded] = {}
        for row in csv.reader(self.read(name).decode("utf-8", "replace").splitlines()):
            if not row:
                continue
            if len(row) != 3:
                raise self._error(f"has a line of {len(row)} fields", name)
            if row[0].rpartition("/")[2] in _UNRECORDED and row[0].startswith(self.dist_info):
                continue
            record[row[0]] = self._recorded(*row)
        unrecorded = {f"{self.dist_info}/{special}" for special in _UNRECORDED}
        for missing in sorted(self._members.keys() - record.keys() - unrecorded):
            raise self._error("is not listed in RECORD", missing)
        for extra in sorted(record.keys() - self._members.keys()):
            raise self._error("is listed in RECORD and is missing", extra)
        return record

    def _recorded(self, name: str, digest: str, size: str) -> Recorded:
        algorithm, _, encoded = digest.partition("=")
        if algorithm not in _HASHES or not size.isdecimal():
            raise self._error(f"has no usable hash and size in RECORD: {digest!r}, {size!r}", name)
        try:
            raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except ValueError as error:
            raise self._error(f"has no usable hash in RECORD: {digest!r}", name) from error
        info = self._members.get(name)
        if info is not None and info.file_size != int(size):
            raise self._error(f"has {info.file_size} bytes, RECORD says {size}", name)
        return Recorded(algorithm, raw, int(size))

    def _error(self, problem: str, member: str) -> ToolError:
        return ToolError(f"{member}: {problem}", file=self.path, remedy=_REMEDY)


class Stream:
    """A file inside a wheel, hashed while it is read."""

    def __init__(self, wheel: Wheel, name: str, raw: IO[bytes], recorded: Recorded | None) -> None:
        self._wheel, self._name, self._raw, self._recorded = wheel, name, raw, recorded
        self._hash = hashlib.new(recorded.algorithm) if recorded else None
        self._left = wheel.size(name)

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; the call that returns the last one has compared the hash."""
        data = self._raw.read(size)
        self._left -= len(data)
        if self._hash is not None and self._recorded is not None:
            self._hash.update(data)
            if self._left <= 0 and self._hash.digest() != self._recorded.digest:
                raise ToolError(
                    f"{self._name}: {_DIFFERS.format(self._recorded.algorithm)}",
                    file=self._wheel.path,
                    remedy=_REMEDY,
                )
        return data


class Deflated:
    """A file's deflate stream as it stands in the wheel; read to its end, it was that file's content."""

    def __init__(self, wheel: Wheel, info: zipfile.ZipInfo, recorded: Recorded | None) -> None:
        self._wheel, self._info, self._recorded = wheel, info, recorded
        self.crc = info.CRC

    def __iter__(self) -> Iterator[bytes]:
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        content = _Content(self._recorded)
        with self._wheel.path.open("rb") as file:
            file.seek(self._start(file))
            left = self._info.compress_size
            while left:
                chunk = file.read(min(CHUNK, left))
                if not chunk:
                    raise self._error("cannot be read: the archive ends in it")
                left -= len(chunk)
                if inflate.eof:
                    raise self._error(_NO_END)
                self._inflate(inflate, chunk, content)
                yield chunk
        if not inflate.eof or inflate.unused_data:
            raise self._error(_NO_END)
        if (content.size, content.crc) != (self._info.file_size, self.crc):
            raise self._error("its size or CRC differs from the one in the archive")
        content.compare(self._error)

    def _inflate(self, inflate: zlib._Decompress, chunk: bytes, content: _Content) -> None:
        full = True  # a full answer may not be all of it, even when all input is used up
        while (chunk or full) and not inflate.eof:
            try:
                data = inflate.decompress(chunk, CHUNK)
            except zlib.error as error:
                raise self._error(f"cannot be read: {error}") from error
            content.add(data)
            if content.size > self._info.file_size:
                raise self._error(f"inflates to more than its {self._info.file_size} bytes")
            chunk, full = inflate.unconsumed_tail, len(data) == CHUNK

    def _start(self, file: IO[bytes]) -> int:
        """Where the stream begins: after the member's own header, which must be about the same member."""
        file.seek(self._info.header_offset)
        head = file.read(_LOCAL.size)
        if len(head) != _LOCAL.size:
            raise self._error("cannot be read: the archive ends in it")
        magic: bytes
        flags: int
        name_size: int
        extra_size: int
        magic, flags, name_size, extra_size = _LOCAL.unpack(head)
        name = file.read(name_size).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        if magic != b"PK\3\4" or name != self._info.orig_filename:
            raise self._error("the archive's directory does not lead to it")
        return self._info.header_offset + _LOCAL.size + name_size + extra_size

    def _error(self, problem: str) -> ToolError:
        return ToolError(f"{self._info.filename}: {problem}", file=self._wheel.path, remedy=_REMEDY)


class _Content:
    """What has been seen of a file's content, and what RECORD says of it."""

    def __init__(self, recorded: Recorded | None) -> None:
        self._recorded = recorded
        self._hash = hashlib.new(recorded.algorithm) if recorded else None
        self.crc = self.size = 0

    def add(self, data: bytes) -> None:
        self.crc = zlib.crc32(data, self.crc)
        self.size += len(data)
        if self._hash is not None:
            self._hash.update(data)

    def compare(self, error: Callable[[str], ToolError]) -> None:
        if self._hash is None or self._recorded is None:
            return
        if self._hash.digest() != self._recorded.digest:
            raise error(_DIFFERS.format(self._recorded.algorithm))


_NO_END = "its deflate stream does not end where the archive says"
_DIFFERS = "its {} differs from the one in RECORD"
_REMEDY = "The wheel is damaged or was changed. Fetch it again; if that doesn't help, lock another version."
