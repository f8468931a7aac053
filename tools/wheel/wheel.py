"""Reads a wheel and trusts nothing in it: names, hashes and sizes are checked against its RECORD.

`Wheel.open` checks the archive's directory (no name leaves the root, none is there twice, RECORD lists every
file); `verify` reads every byte and compares hashes. Both raise one ToolError that names wheel and member.
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
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tools.common.errors import ToolError

CHUNK = 1 << 20
_UNRECORDED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_ENCRYPTED = 1
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
                    f"{self._name}: its {self._recorded.algorithm} differs from the one in RECORD",
                    file=self._wheel.path,
                    remedy=_REMEDY,
                )
        return data


_REMEDY = "The wheel is damaged or was changed. Fetch it again; if that doesn't help, lock another version."
