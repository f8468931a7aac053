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

from tools.elf_scan.elf_dynamic import Dynamic
from tools.elf_scan.elf_file import (
    HEADER_SIZE,
    MAGIC,
    ElfError,
    ElfFile,
    NotElfError,
    UnreadableError,
)
from tools.elf_scan.elf_strings import Strings
from tools.elf_scan.elf_versions import VersionNeed, Versions
from tools.elf_scan.record import Record

TYPE_CHECKING = False  # nothing here imports typing at run time: that takes as long as reading 200 files
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

__all__ = ["HEADER_SIZE", "MAGIC", "ElfError", "NotElfError", "UnreadableError", "VersionNeed"]

ET_EXEC, ET_DYN = 2, 3
EM_386, EM_ARM, EM_X86_64, EM_AARCH64 = 3, 40, 62, 183

_PT_DYNAMIC, _PT_INTERP, _PT_GNU_PROPERTY = 2, 3, 0x6474E553
_DT_SONAME, _DT_RPATH, _DT_RUNPATH, _DT_FLAGS_1 = 14, 15, 29, 0x6FFFFFFB
_DF_1_NODEFLIB = 0x800
_NT_GNU_PROPERTY_TYPE_0, _X86_ISA_1_NEEDED = 5, 0xC0008002

_MAX_NOTE = 1 << 16
_NEVER_WAIT = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class Elf(Record):
    """The facts of one ELF file. Strings are decoded as file names are (os.fsdecode).

    `dynamic` is False for a static program or an object file; then everything after it is empty.
    """

    def __init__(
        self,
        e_type: int,
        machine: int,
        bits: int,
        little: bool,
        flags: int,
        dynamic: bool = False,
        interpreter: str | None = None,
        soname: str | None = None,
        needed: tuple[str, ...] = (),
        rpath: str | None = None,
        runpath: str | None = None,
        nodeflib: bool = False,
        version_needs: tuple[VersionNeed, ...] = (),
        version_definitions: tuple[str, ...] = (),
        x86_isa_needed: int = 0,
    ) -> None:
        self.e_type = e_type
        self.machine = machine
        self.bits = bits
        self.little = little
        self.flags = flags
        self.dynamic = dynamic
        self.interpreter = interpreter
        self.soname = soname
        self.needed = needed
        self.rpath = rpath
        self.runpath = runpath
        self.nodeflib = nodeflib
        self.version_needs = version_needs
        self.version_definitions = version_definitions
        self.x86_isa_needed = x86_isa_needed

    @property
    def loadable(self) -> bool:
        """Whether the dynamic loader can load it: a shared object or a dynamically linked program."""
        return self.dynamic and self.e_type in (ET_DYN, ET_EXEC)


def read_path(path: str | os.PathLike[str]) -> Elf:
    """Reads a file by name. What is not a regular file is NotElfError and is never waited for.

    Raises:
        UnreadableError: the system doesn't give the content, for whatever reason.
        ElfError: the content is no good.
    """
    try:
        descriptor = os.open(path, _NEVER_WAIT)
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
    try:
        return read(lambda offset, size: os.pread(descriptor, size, offset))
    except (NotElfError, OSError) as error:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotElfError("not a regular file") from error
        if isinstance(error, OSError):
            raise UnreadableError(error.strerror or str(error)) from error
        raise
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
    file = ElfFile(pread)
    segment = file.first(_PT_DYNAMIC)
    if segment is None or not segment[1] or file.e_type not in (ET_DYN, ET_EXEC):
        return Elf(file.e_type, file.machine, file.bits, file.little, file.flags)
    dynamic = Dynamic(file, *segment)
    versions = Versions(dynamic)
    return Elf(
        file.e_type,
        file.machine,
        file.bits,
        file.little,
        file.flags,
        dynamic=True,
        interpreter=_interpreter(file),
        soname=dynamic.string(_DT_SONAME),
        needed=dynamic.needed(),
        rpath=dynamic.string(_DT_RPATH),
        runpath=dynamic.string(_DT_RUNPATH),
        nodeflib=bool(dynamic.number(_DT_FLAGS_1) & _DF_1_NODEFLIB),
        version_needs=versions.needs(),
        version_definitions=versions.definitions(),
        x86_isa_needed=_isa_needed(file),
    )


def _interpreter(file: ElfFile) -> str | None:
    segment = file.first(_PT_INTERP)
    return None if segment is None else Strings(file, *segment).at([0])[0]


def _isa_needed(file: ElfFile) -> int:
    """The x86 micro-architecture levels that the file says it needs, as bits; 0 when it says nothing."""
    segment = file.first(_PT_GNU_PROPERTY)
    if segment is None or file.machine != EM_X86_64 or not 16 < segment[1] <= _MAX_NOTE:
        return 0
    order = "<" if file.little else ">"
    note = file.upto(*segment)
    if len(note) < segment[1]:
        return 0
    name_size, size, kind = struct.unpack_from(order + "III", note)
    if (name_size, kind, note[12:16]) != (4, _NT_GNU_PROPERTY_TYPE_0, b"GNU\0"):
        return 0
    word = file.bits // 8
    at, end = 16, min(16 + size, len(note))
    while at + 12 <= end:
        kind, length = struct.unpack_from(order + "II", note, at)
        if kind == _X86_ISA_1_NEEDED and length == 4:
            return int(struct.unpack_from(order + "I", note, at + 8)[0])
        at += 8 + (length + word - 1) // word * word
    return 0
