"""Reads what the dynamic loader reads from an ELF file: a bounded reader without dependencies.

Only the ELF header, the program headers and what PT_DYNAMIC points at are looked at, through `pread`, a few
kilobytes a file. Section headers are ignored, as the loader ignores them, so stripped files work. Every size
that a file states is checked against a limit: a broken file raises ElfError, never anything else, at once.

The structures are those of the System V ABI (elf(5)) and, for symbol versions and notes, of the LSB.
This module is also part of the command `find-libdeps` in the images: it runs on Python 3.9 and later.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

MAGIC = b"\x7fELF"
HEADER_SIZE = 64

ET_EXEC, ET_DYN = 2, 3
EM_386, EM_ARM, EM_X86_64, EM_AARCH64 = 3, 40, 62, 183

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_GNU_PROPERTY = 1, 2, 3, 0x6474E553
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 10, 14, 15, 29
_DT_FLAGS_1, _DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFB, 0x6FFFFFFE, 0x6FFFFFFF
_WANTED_TAGS = frozenset((_DT_STRTAB, _DT_STRSZ, _DT_FLAGS_1, _DT_VERNEED, _DT_VERNEEDNUM))
_STRING_TAGS = frozenset((_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH))
_DF_1_NODEFLIB = 0x800
_NT_GNU_PROPERTY_TYPE_0, _X86_ISA_1_NEEDED = 5, 0xC0008002

_MAX_SEGMENTS = 4096
_MAX_DYNAMIC = 1 << 20
_MAX_NEEDED = 4096
_MAX_STRING = 1 << 16
_MAX_VERSIONS = 1 << 12
_MAX_NOTE = 1 << 16
_BLOCK = 4096


class ElfError(Exception):
    """The file is not one that the loader could load; the message says why, without the file's name."""


class NotElfError(ElfError):
    """The file does not start as an ELF file does, so nobody expects it to be loaded."""


@dataclass(frozen=True)
class VersionNeed:
    """The symbol versions that a file asks of one library (DT_VERNEED)."""

    library: str
    versions: tuple[str, ...]


@dataclass(frozen=True)
class Elf:
    """The facts of one ELF file. Strings are decoded as file names are (os.fsdecode).

    `dynamic` is False for a static program or an object file; then everything after it is empty.
    """

    type: int
    machine: int
    bits: int
    little: bool
    flags: int
    dynamic: bool = False
    interpreter: str | None = None
    soname: str | None = None
    needed: tuple[str, ...] = ()
    rpath: str | None = None
    runpath: str | None = None
    nodeflib: bool = False
    version_needs: tuple[VersionNeed, ...] = ()
    x86_isa_needed: int = 0

    @property
    def loadable(self) -> bool:
        """Whether the dynamic loader can load it: a shared object or a dynamically linked program."""
        return self.dynamic and self.type in (ET_DYN, ET_EXEC)


def read_path(path: str | os.PathLike[str]) -> Elf:
    """Reads a file by name. What is not a regular file is NotElfError and is never waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise ElfError(error.strerror or str(error)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotElfError("not a regular file")
        return read(lambda offset, size: os.pread(descriptor, size, offset))
    except OSError as error:
        raise ElfError(error.strerror or str(error)) from error
    finally:
        os.close(descriptor)


def read_stream(stream: BinaryIO) -> Elf:
    """Reads from a seekable binary stream."""

    def pread(offset: int, size: int) -> bytes:
        stream.seek(offset)
        return stream.read(size)

    return read(pread)


def read(pread: Callable[[int, int], bytes]) -> Elf:
    """Reads through `pread(offset, size)`, which returns fewer bytes only at the end of the file."""
    return _Reader(pread).elf()


@cache
def _layout(bits: int, little: bool) -> tuple[struct.Struct, struct.Struct, struct.Struct]:
    """The ELF header after e_ident, one program header, one dynamic entry."""
    order = "<" if little else ">"
    if bits == 64:
        return (
            struct.Struct(order + "HHIQQQIHHHHHH"),
            struct.Struct(order + "IIQQQQQQ"),
            struct.Struct(order + "qQ"),
        )
    return (
        struct.Struct(order + "HHIIIIIHHHHHH"),
        struct.Struct(order + "IIIIIIII"),
        struct.Struct(order + "iI"),
    )


@dataclass(frozen=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


class _Reader:
    """One file being read. Blocks are kept, for what is needed lies close together."""

    def __init__(self, pread: Callable[[int, int], bytes]) -> None:
        self._pread = pread
        self._blocks: dict[int, bytes] = {}
        head = self._upto(0, HEADER_SIZE)
        if head[:4] != MAGIC:
            raise NotElfError("not an ELF file")
        if len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2):
            raise ElfError("broken ELF header")
        self._bits, self._little = 32 * head[4], head[5] == 1
        self._order = "<" if self._little else ">"
        header, self._program_header, self._dynamic_entry = _layout(self._bits, self._little)
        if len(head) < 16 + header.size:
            raise ElfError("the ELF header is cut off")
        fields = header.unpack_from(head, 16)
        self._type, self._machine, self._flags = fields[0], fields[1], fields[6]
        self._segments = self._read_segments(fields[4], fields[8], fields[9])

    def elf(self) -> Elf:
        entries = self._dynamic()
        if entries is None:
            return Elf(self._type, self._machine, self._bits, self._little, self._flags)
        tags = {tag: value for tag, value in reversed(entries) if tag in _WANTED_TAGS}
        texts: dict[int, list[str]] = {tag: [] for tag in _STRING_TAGS}
        strings = self._strings(tags)
        for tag, value in entries:
            if tag in _STRING_TAGS:
                texts[tag].append(strings(value))
                if len(texts[tag]) > _MAX_NEEDED:
                    raise ElfError(f"more than {_MAX_NEEDED} dynamic entries of one kind")
        last = {tag: found[-1] for tag, found in texts.items() if found}
        return Elf(
            self._type,
            self._machine,
            self._bits,
            self._little,
            self._flags,
            dynamic=True,
            interpreter=self._interpreter(),
            soname=last.get(_DT_SONAME),
            needed=tuple(texts[_DT_NEEDED]),
            rpath=last.get(_DT_RPATH),
            runpath=last.get(_DT_RUNPATH),
            nodeflib=bool(tags.get(_DT_FLAGS_1, 0) & _DF_1_NODEFLIB),
            version_needs=tuple(self._version_needs(tags, strings)),
            x86_isa_needed=self._isa_needed(),
        )

    def _read_segments(self, offset: int, entry_size: int, count: int) -> list[_Segment]:
        if not count:
            return []
        if count > _MAX_SEGMENTS or entry_size != self._program_header.size:
            raise ElfError(f"{count} program headers of {entry_size} bytes")
        raw = self._exactly(offset, entry_size * count, "the program headers")
        segments = []
        for fields in self._program_header.iter_unpack(raw):
            if self._bits == 64:
                kind, _, start, address, _, size, _, _ = fields
            else:
                kind, start, address, _, size, _, _, _ = fields
            segments.append(_Segment(kind, start, address, size))
        return segments

    def _first(self, kind: int) -> _Segment | None:
        return next((segment for segment in self._segments if segment.kind == kind), None)

    def _dynamic(self) -> list[tuple[int, int]] | None:
        segment = self._first(_PT_DYNAMIC)
        if segment is None or not segment.size or self._type not in (ET_DYN, ET_EXEC):
            return None
        if segment.size > _MAX_DYNAMIC:
            raise ElfError(f"a dynamic segment of {segment.size} bytes")
        entry = self._dynamic_entry
        raw = self._upto(segment.offset, segment.size)
        entries: list[tuple[int, int]] = []
        for tag, value in entry.iter_unpack(raw[: len(raw) // entry.size * entry.size]):
            if tag == _DT_NULL:
                return entries
            entries.append((tag, value))
        if len(raw) < segment.size:
            raise ElfError("the dynamic segment is cut off")
        return entries

    def _strings(self, tags: dict[int, int]) -> Callable[[int], str]:
        """A function from an offset in the dynamic string table to the string there."""
        size = tags.get(_DT_STRSZ, 0)
        start = self._file_offset(tags[_DT_STRTAB]) if size and _DT_STRTAB in tags else None
        known: dict[int, str] = {}

        def text(offset: int) -> str:
            found = known.get(offset)
            if found is None:
                if start is None or not 0 <= offset < size:
                    raise ElfError(f"string {offset} lies outside the dynamic string table")
                found = known[offset] = self._text(start + offset, min(size - offset, _MAX_STRING))
            return found

        return text

    def _text(self, offset: int, limit: int) -> str:
        found = b""
        while len(found) < limit:
            block = self._upto(offset + len(found), min(256 if not found else _BLOCK, limit - len(found)))
            end = block.find(b"\0")
            if end >= 0:
                return os.fsdecode(found + block[:end])
            if not block:
                break
            found += block
        raise ElfError("a string without an end")

    def _file_offset(self, address: int) -> int:
        for segment in self._segments:
            if segment.kind == _PT_LOAD and segment.address <= address < segment.address + segment.size:
                return address - segment.address + segment.offset
        raise ElfError(f"address {address:#x} is in no loaded segment")

    def _interpreter(self) -> str | None:
        segment = self._first(_PT_INTERP)
        return None if segment is None else self._text(segment.offset, min(segment.size, _MAX_STRING))

    def _version_needs(self, tags: dict[int, int], strings: Callable[[int], str]) -> Iterator[VersionNeed]:
        if _DT_VERNEED not in tags:
            return
        at = self._file_offset(tags[_DT_VERNEED])
        left = _MAX_VERSIONS
        for _ in range(min(tags.get(_DT_VERNEEDNUM, 0), _MAX_VERSIONS)):
            _, count, library, first, following = self._unpack("HHIII", at, "the version needs")
            versions = []
            auxiliary = at + first
            for _ in range(count):
                left -= 1
                if left < 0:
                    raise ElfError(f"more than {_MAX_VERSIONS} symbol versions")
                _, _, _, name, step = self._unpack("IHHII", auxiliary, "the version needs")
                versions.append(strings(name))
                if not step:
                    break
                auxiliary += step
            yield VersionNeed(strings(library), tuple(versions))
            if not following:
                return
            at += following

    def _isa_needed(self) -> int:
        """The x86 micro-architecture levels that the file says it needs, as bits; 0 when it says nothing."""
        segment = self._first(_PT_GNU_PROPERTY)
        if segment is None or self._machine != EM_X86_64 or not 16 < segment.size <= _MAX_NOTE:
            return 0
        note = self._upto(segment.offset, segment.size)
        if len(note) < segment.size:
            return 0
        name_size, size, kind = struct.unpack_from(self._order + "III", note)
        if (name_size, kind, note[12:16]) != (4, _NT_GNU_PROPERTY_TYPE_0, b"GNU\0"):
            return 0
        at, end = 16, min(16 + size, len(note))
        while at + 12 <= end:
            kind, length = struct.unpack_from(self._order + "II", note, at)
            if kind == _X86_ISA_1_NEEDED and length == 4:
                return int(struct.unpack_from(self._order + "I", note, at + 8)[0])
            at += 8 + (length + self._bits // 8 - 1) // (self._bits // 8) * (self._bits // 8)
        return 0

    def _unpack(self, layout: str, offset: int, what: str) -> tuple[int, ...]:
        layout = self._order + layout
        return struct.unpack(layout, self._exactly(offset, struct.calcsize(layout), what))

    def _exactly(self, offset: int, size: int, what: str) -> bytes:
        data = self._upto(offset, size)
        if len(data) < size:
            raise ElfError(f"the file ends before {what}")
        return data

    def _upto(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset`, fewer where the file ends."""
        if offset >= 1 << 62:
            return b""
        if size > _BLOCK:
            return self._pread(offset, size)
        number, start = divmod(offset, _BLOCK)
        data = self._block(number)[start : start + size]
        if len(data) < size and start + size > _BLOCK:
            data += self._block(number + 1)[: start + size - _BLOCK]
        return data

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._blocks[number] = self._pread(number * _BLOCK, _BLOCK)
        return self._blocks[number]
