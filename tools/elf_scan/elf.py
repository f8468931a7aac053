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
from typing import BinaryIO, TypeVar

from tools.elf_scan.elf_file import (
    HEADER_SIZE,
    MAGIC,
    MAX_STRING,
    ElfError,
    ElfFile,
    NotElfError,
    UnreadableError,
)
from tools.elf_scan.elf_versions import VersionNeed, version_definitions, version_needs

__all__ = ["HEADER_SIZE", "MAGIC", "ElfError", "NotElfError", "UnreadableError", "VersionNeed"]

ET_EXEC, ET_DYN = 2, 3
EM_386, EM_ARM, EM_X86_64, EM_AARCH64 = 3, 40, 62, 183

_PT_DYNAMIC, _PT_INTERP, _PT_GNU_PROPERTY = 2, 3, 0x6474E553
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 10, 14, 15, 29
_DT_FLAGS_1 = 0x6FFFFFFB
_DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_WANTED_TAGS = frozenset(
    (_DT_STRTAB, _DT_STRSZ, _DT_FLAGS_1, _DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM)
)
_STRING_TAGS = frozenset((_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH))
_DF_1_NODEFLIB = 0x800
_NT_GNU_PROPERTY_TYPE_0, _X86_ISA_1_NEEDED = 5, 0xC0008002

_Version = TypeVar("_Version")

_MAX_DYNAMIC = 1 << 20
_MAX_NEEDED = 4096
_MAX_NOTE = 1 << 16


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
    version_definitions: tuple[str, ...] = ()
    x86_isa_needed: int = 0

    @property
    def loadable(self) -> bool:
        """Whether the dynamic loader can load it: a shared object or a dynamically linked program."""
        return self.dynamic and self.type in (ET_DYN, ET_EXEC)


def read_path(path: str | os.PathLike[str]) -> Elf:
    """Reads a file by name. What is not a regular file is NotElfError and is never waited for.

    Raises:
        UnreadableError: the system doesn't give the content, for whatever reason.
        ElfError: the content is no good.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotElfError("not a regular file")
        return read(lambda offset, size: os.pread(descriptor, size, offset))
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
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


class _Reader:
    """Makes facts of one file."""

    def __init__(self, pread: Callable[[int, int], bytes]) -> None:
        self._file = ElfFile(pread)

    def elf(self) -> Elf:
        file = self._file
        entries = self._dynamic()
        if entries is None:
            return Elf(file.type, file.machine, file.bits, file.little, file.flags)
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
            file.type,
            file.machine,
            file.bits,
            file.little,
            file.flags,
            dynamic=True,
            interpreter=self._interpreter(),
            soname=last.get(_DT_SONAME),
            needed=tuple(texts[_DT_NEEDED]),
            rpath=last.get(_DT_RPATH),
            runpath=last.get(_DT_RUNPATH),
            nodeflib=bool(tags.get(_DT_FLAGS_1, 0) & _DF_1_NODEFLIB),
            version_needs=tuple(self._versions(version_needs, tags, _DT_VERNEED, _DT_VERNEEDNUM, strings)),
            version_definitions=tuple(
                self._versions(version_definitions, tags, _DT_VERDEF, _DT_VERDEFNUM, strings)
            ),
            x86_isa_needed=self._isa_needed(),
        )

    def _dynamic(self) -> list[tuple[int, int]] | None:
        segment = self._file.first(_PT_DYNAMIC)
        if segment is None or not segment.size or self._file.type not in (ET_DYN, ET_EXEC):
            return None
        if segment.size > _MAX_DYNAMIC:
            raise ElfError(f"a dynamic segment of {segment.size} bytes")
        entry = self._file.dynamic_entry
        raw = self._file.upto(segment.offset, segment.size)
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
        start = self._file.file_offset(tags[_DT_STRTAB]) if size and _DT_STRTAB in tags else None
        known: dict[int, str] = {}

        def text(offset: int) -> str:
            found = known.get(offset)
            if found is None:
                if start is None or not 0 <= offset < size:
                    raise ElfError(f"string {offset} lies outside the dynamic string table")
                found = known[offset] = self._file.text(start + offset, min(size - offset, MAX_STRING))
            return found

        return text

    def _interpreter(self) -> str | None:
        segment = self._file.first(_PT_INTERP)
        return None if segment is None else self._file.text(segment.offset, min(segment.size, MAX_STRING))

    def _versions(
        self,
        read_table: Callable[[ElfFile, int, int, Callable[[int], str]], Iterator[_Version]],
        tags: dict[int, int],
        table: int,
        count: int,
        strings: Callable[[int], str],
    ) -> Iterator[_Version]:
        return read_table(self._file, tags[table], tags.get(count, 0), strings) if table in tags else iter(())

    def _isa_needed(self) -> int:
        """The x86 micro-architecture levels that the file says it needs, as bits; 0 when it says nothing."""
        segment = self._file.first(_PT_GNU_PROPERTY)
        if segment is None or self._file.machine != EM_X86_64 or not 16 < segment.size <= _MAX_NOTE:
            return 0
        note = self._file.upto(segment.offset, segment.size)
        if len(note) < segment.size:
            return 0
        name_size, size, kind = struct.unpack_from(self._file.order + "III", note)
        if (name_size, kind, note[12:16]) != (4, _NT_GNU_PROPERTY_TYPE_0, b"GNU\0"):
            return 0
        word = self._file.bits // 8
        at, end = 16, min(16 + size, len(note))
        while at + 12 <= end:
            kind, length = struct.unpack_from(self._file.order + "II", note, at)
            if kind == _X86_ISA_1_NEEDED and length == 4:
                return int(struct.unpack_from(self._file.order + "I", note, at + 8)[0])
            at += 8 + (length + word - 1) // word * word
        return 0
