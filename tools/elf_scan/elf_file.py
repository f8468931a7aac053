"""The bytes of an ELF file: its header, its segments, and what lies at an offset or an address.

elf.py makes facts of them. Blocks of a file are read with a `pread` when they are asked for, a few kilobytes
in all. Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in the images.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

MAGIC = b"\x7fELF"
HEADER_SIZE = 64
MAX_STRING = 1 << 16

_PT_LOAD = 1
_MAX_SEGMENTS = 4096
_BLOCK = 4096


class ElfError(Exception):
    """The file is not one that the loader could load; the message says why, without the file's name."""


class NotElfError(ElfError):
    """The file does not start as an ELF file does, so nobody expects it to be loaded."""


class UnreadableError(ElfError):
    """The system doesn't give the file's content: it is gone, or may not be read."""


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
class Segment:
    """What a program header says of a part of the file."""

    kind: int
    offset: int
    address: int
    size: int


class ElfFile:
    """One file being read. Blocks are kept, for what is needed lies close together."""

    def __init__(self, pread: Callable[[int, int], bytes]) -> None:
        self._pread = pread
        self._blocks: dict[int, bytes] = {}
        head = self.upto(0, HEADER_SIZE)
        if head[:4] != MAGIC:
            raise NotElfError("not an ELF file")
        if len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2):
            raise ElfError("broken ELF header")
        self.bits, self.little = 32 * head[4], head[5] == 1
        self.order = "<" if self.little else ">"
        header, self._program_header, self.dynamic_entry = _layout(self.bits, self.little)
        if len(head) < 16 + header.size:
            raise ElfError("the ELF header is cut off")
        fields = header.unpack_from(head, 16)
        self.type, self.machine, self.flags = fields[0], fields[1], fields[6]
        self._segments = self._read_segments(fields[4], fields[8], fields[9])

    def _read_segments(self, offset: int, entry_size: int, count: int) -> list[Segment]:
        if not count:
            return []
        if count > _MAX_SEGMENTS or entry_size != self._program_header.size:
            raise ElfError(f"{count} program headers of {entry_size} bytes")
        raw = self.exactly(offset, entry_size * count, "the program headers")
        segments = []
        for fields in self._program_header.iter_unpack(raw):
            if self.bits == 64:
                kind, _, start, address, _, size, _, _ = fields
            else:
                kind, start, address, _, size, _, _, _ = fields
            segments.append(Segment(kind, start, address, size))
        return segments

    def first(self, kind: int) -> Segment | None:
        """The first segment of a kind."""
        return next((segment for segment in self._segments if segment.kind == kind), None)

    def file_offset(self, address: int) -> int:
        """Where in the file lies what is loaded at an address."""
        for segment in self._segments:
            if segment.kind == _PT_LOAD and segment.address <= address < segment.address + segment.size:
                return address - segment.address + segment.offset
        raise ElfError(f"address {address:#x} is in no loaded segment")

    def text(self, offset: int, limit: int) -> str:
        """The string at an offset, which ends with a zero byte within the limit."""
        found = b""
        while len(found) < limit:
            block = self.upto(offset + len(found), min(256 if not found else _BLOCK, limit - len(found)))
            end = block.find(b"\0")
            if end >= 0:
                return os.fsdecode(found + block[:end])
            if not block:
                break
            found += block
        raise ElfError("a string without an end")

    def unpack(self, layout: str, offset: int, what: str) -> tuple[int, ...]:
        """A structure in the file's byte order."""
        layout = self.order + layout
        return struct.unpack(layout, self.exactly(offset, struct.calcsize(layout), what))

    def exactly(self, offset: int, size: int, what: str) -> bytes:
        """`size` bytes from `offset`; `what` is for the message when the file ends before."""
        data = self.upto(offset, size)
        if len(data) < size:
            raise ElfError(f"the file ends before {what}")
        return data

    def upto(self, offset: int, size: int) -> bytes:
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
