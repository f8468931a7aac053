"""Reads a wheel and trusts nothing in it: names, hashes and sizes are checked against its RECORD.

`Wheel.open` checks the archive's directory (no name leaves the root, none is there twice, RECORD lists every
file); `verify` reads every byte and compares hashes. Both raise one ToolError that names wheel and member.
`member` gives a file to be read, checked in the same pass.
The format is that of the Python packaging specifications (binary distribution format, recording installed
projects).
"""

from __future__ import annotations

import base64
import csv
import email.message
import email.parser
import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tools.common.errors import ToolError
from tools.common.names import canonical
from tools.wheel.content import Recorded
from tools.wheel.member import Member

_UNRECORDED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_LONGEST = 255  # bytes in a part of a path
_ENCRYPTED = 0x2041  # any way of it
_PATCHED = 0x20
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)
_VERSION = re.compile(r"[a-z0-9.!+_-]+", re.ASCII | re.IGNORECASE)

# No file that describes a wheel is larger; one that is, is made to fill memory.
_LARGEST = 16 << 20
_HASHES = ("sha256", "sha384", "sha512")

# What Python's reader of archives raises when one is not as it should be.
_DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    EOFError,
    OverflowError,
    csv.Error,
    ValueError,
    struct.error,
)


class Wheel:
    """An open wheel. Use `Wheel.open` as a context manager.

    A symbolic link in the archive is a file that holds its target, as it is for pip: wheels have no links.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile, file: IO[bytes]) -> None:
        self.path = path
        self._archive = archive
        self._file = file
        self._members = {info.filename: info for info in self._checked()}
        self.dist_info = self._dist_info()
        self._record: dict[str, Recorded] = {}
        self._record = self._read_record()
        self.metadata: email.message.Message = email.parser.HeaderParser().parsestr(
            self.read(f"{self.dist_info}/METADATA").decode("utf-8", "replace")
        )
        self.name = self._header("Name", _NAME)
        self.version = self._header("Version", _VERSION)
        if not canonical(self.dist_info).startswith(canonical(self.name) + "-"):
            raise self._error("is not the name of its own folder", f"{self.dist_info}/METADATA: {self.name}")

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Wheel]:
        """Opens a wheel; what is wrong with it, seen now or while it is read, is a ToolError."""
        with path.open("rb") as file:
            try:
                wheel = cls(path, zipfile.ZipFile(file), file)
            except _DAMAGE as error:
                raise ToolError(f"not a whole wheel: {error}", file=path, remedy=_REMEDY) from error
            yield wheel

    def names(self) -> list[str]:
        """The files in the wheel, sorted."""
        return sorted(self._members)

    def size(self, name: str) -> int:
        """The size of a file, as archive and RECORD agree."""
        return self._members[name].file_size

    @property
    def compressed_size(self) -> int:
        """The size of all files as they are compressed in the archive."""
        return sum(info.compress_size for info in self._members.values())

    def member(self, name: str) -> Member:
        """A file, to be read."""
        if name not in self._members:
            raise self._error("is missing", name)
        return Member(
            self._file,
            self._members[name],
            self._record.get(name),
            lambda problem: self._error(problem, name),
        )

    def is_executable(self, name: str) -> bool:
        """Whether the archive says that a file is a program."""
        mode = self._members[name].external_attr >> 16
        return stat.S_ISREG(mode) and bool(mode & 0o111)

    def recorded(self, name: str) -> Recorded | None:
        """What RECORD says of a file; of itself and its signatures it says nothing."""
        return self._record.get(name)

    def read(self, name: str) -> bytes:
        """The content of a file that is small, checked."""
        member = self.member(name)
        if member.size > _LARGEST:
            raise self._error(f"has {member.size} bytes, and more than {_LARGEST} make no sense", name)
        return member.read()

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a file, unchecked."""
        return next(self.member(name).content(), b"")[:size]

    def verify(self, names: list[str] | None = None) -> None:
        """Reads the named files, by default all, and compares them with RECORD."""
        for name in self.names() if names is None else names:
            for _ in self.member(name).content():
                pass

    def _header(self, key: str, valid: re.Pattern[str]) -> str:
        value = str(self.metadata.get(key) or "").strip()
        if not value:
            raise self._error(f"has no {key}", f"{self.dist_info}/METADATA")
        if not valid.fullmatch(value):
            raise self._error(f"has the {key} {value!r}, which is none", f"{self.dist_info}/METADATA")
        return value

    def _checked(self) -> list[zipfile.ZipInfo]:
        """The files of the archive's directory, once it is certain that each stays inside."""
        seen: set[str] = set()
        folders: dict[str, str] = {}
        for info in self._archive.infolist():
            name = info.filename.removesuffix("/")
            kind = stat.S_IFMT(info.external_attr >> 16)
            if "\0" in info.orig_filename:
                raise self._error("has a zero in its name", info.filename)
            if bad := _bad_name(name):
                raise self._error(bad, info.filename)
            if name in seen:
                raise self._error("is in the archive twice", info.filename)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
                raise self._error("is neither a file nor a folder", info.filename)
            if info.flag_bits & _ENCRYPTED:
                raise self._error("is encrypted", info.filename)
            if info.flag_bits & _PATCHED:
                raise self._error("is a patch of another file", info.filename)
            seen.add(name)
            parent = name if info.is_dir() else name.rpartition("/")[0]
            while parent and parent not in folders:
                folders[parent] = info.filename
                parent = parent.rpartition("/")[0]
        for info in self._archive.infolist():
            if info.filename in folders:
                raise self._error(f"lies below {info.filename}, which is a file", folders[info.filename])
        return [info for info in self._archive.infolist() if not info.is_dir()]

    def _dist_info(self) -> str:
        found = {name.split("/")[0] for name in self._members if name.split("/")[0].endswith(".dist-info")}
        if len(found) != 1:
            raise ToolError(f"{len(found)} .dist-info folders instead of one", file=self.path, remedy=_REMEDY)
        return found.pop()

    def _read_record(self) -> dict[str, Recorded]:
        name = f"{self.dist_info}/RECORD"
        record: dict[str, Recorded] = {}
        unrecorded = {f"{self.dist_info}/{special}" for special in _UNRECORDED}
        for row in csv.reader(self.read(name).decode("utf-8", "replace").splitlines()):
            if not row:
                continue
            if len(row) != 3:
                raise self._error(f"has a line of {len(row)} fields", name)
            if row[0] in unrecorded:
                continue
            if row[0] not in self._members:
                raise self._error("is listed in RECORD and is missing", row[0])
            recorded = self._recorded(*row)
            if record.setdefault(row[0], recorded) != recorded:
                raise self._error("is in RECORD twice, and differs", row[0])
        for missing in sorted(self._members.keys() - record.keys() - unrecorded):
            raise self._error("is not listed in RECORD", missing)
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


def _bad_name(name: str) -> str | None:
    """Says why a file or folder of this name can't be installed, or not as what it is."""
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or ".." in parts or re.match("[A-Za-z]:(/|$)", name):
        return "leaves the folder that it is unpacked into"
    if any(part in ("", ".") for part in parts):
        return "is not a name in normal form"
    if any(part.startswith(".wh.") for part in parts):
        return "has a name that removes files from an image (OCI image specification, layer.md, whiteouts)"
    if any(len(part.encode("utf-8", "surrogatepass")) > _LONGEST for part in parts):
        return f"has a name of more than {_LONGEST} bytes, which no file system holds"
    return None


_REMEDY = "The wheel is damaged or was changed. Fetch it again; if that doesn't help, lock another version."
