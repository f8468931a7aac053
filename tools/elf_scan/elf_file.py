"""The bytes of an ELF file: its header, its segments, and what lies at an offset or an address.

elf.py makes facts of them. Blocks of a file are read with a `pread` when they are asked for: three or four
in a library from a wheel, and never more than a few megabytes, whatever a broken file says.
Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in the images.
"""

from __future__ import annotations

from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = b"\x7fELF"
HEADER_SIZE = 64

_PT_LOAD = 1
_MAX_SEGMENTS = 4096
_BITS = 12
_BLOCK, _INSIDE = 1 << _BITS, (1 << _BITS) - 1
_MAX_BLOCKS = 1024
_MAX_OFFSET = 1 << 62


class ElfError(Exception):
    """The file is not one that the loader could load; the message says why, without the file's name."""


class NotElfError(ElfError):
    """The file does not start as an ELF file does, so nobody expects it to be loaded."""


class UnreadableError(ElfError):
    """The system doesn't give the file's content: it is gone, or may not be read."""


_Layout = tuple[Struct, Struct]


def _layouts(header: str, segment: str) -> dict[bool, _Layout]:
    """The header and a program header, by whether the byte order is little-endian."""
    return {order == "<": (Struct(order + header), Struct(order + segment)) for order in "<>"}


# The fields that somebody asks for. In the header behind e_ident these are e_type, e_machine, e_phoff,
# e_flags, e_phentsize and e_phnum, in a program header p_type, p_offset, p_vaddr and p_filesz.
_LAYOUTS = {
    64: _layouts("HH12xQ8xI2xHH6x", "I4xQQ8xQ16x"),
    32: _layouts("HH8xI4xI2xHH6x", "III4xI12x"),
}


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
        header, segment = _LAYOUTS[self.bits][self.little]
        if len(head) < 16 + header.size:
            raise ElfError("the ELF header is cut off")
        self.e_type, self.machine, start, self.flags, size, count = header.unpack_from(head, 16)
        if count and (count > _MAX_SEGMENTS or size != segment.size):
            raise ElfError(f"{count} program headers of {size} bytes")
        headers = self.exactly(start, size * count, "the program headers") if count else b""
        self._loaded: list[tuple[int, int, int]] = []
        self._first: dict[int, tuple[int, int]] = {}
        for kind, offset, address, size in segment.iter_unpack(headers):
            if kind == _PT_LOAD:
                self._loaded.append((offset, address, size))
            elif kind not in self._first:
                self._first[kind] = offset, size

    def first(self, kind: int) -> tuple[int, int] | None:
        """Where in the file the first segment of a kind, but for PT_LOAD, begins, and its size."""
        return self._first.get(kind)

    def file_offset(self, address: int) -> int:
        """Where in the file lies what is loaded at an address."""
        for offset, start, size in self._loaded:
            if start <= address < start + size:
                return address - start + offset
        raise ElfError(f"address {address:#x} is in no loaded segment")

    def around(self, offset: int, size: int, what: str) -> tuple[bytes, int]:
        """Part of the file with `size` bytes from `offset`, and where they begin in it.

        `what` is for the message when the file ends before.
        """
        data, start = self._around(offset, size)
        if len(data) < start + size:
            raise ElfError(f"the file ends before {what}")
        return data, start

    def exactly(self, offset: int, size: int, what: str) -> bytes:
        """`size` bytes from `offset`; `what` is for the message when the file ends before."""
        data, start = self.around(offset, size, what)
        return data[start : start + size]

    def upto(self, offset: int, size: int) -> bytes:
        """At most `size` bytes from `offset`, fewer where the file ends."""
        data, start = self._around(offset, size)
        return data[start : start + size]

    def apart(self, offset: int, size: int) -> bytes:
        """The same of what lies apart from all else: nothing around it is read."""
        return self._pread(offset, size) if offset < _MAX_OFFSET else b""

    def _around(self, offset: int, size: int) -> tuple[bytes, int]:
        """Part of the file and where `offset` is in it; `size` bytes follow there unless the file ends."""
        if size > _BLOCK:
            return self.apart(offset, size), 0
        number, start = offset >> _BITS, offset & _INSIDE
        data = self._blocks.get(number) or self._read_block(number)
        if start + size > _BLOCK:
            data += self._blocks.get(number + 1) or self._read_block(number + 1)
        return data, start

    def _read_block(self, number: int) -> bytes:
        if len(self._blocks) == _MAX_BLOCKS:
            raise ElfError(f"its dynamic section is spread over more than {_MAX_BLOCKS} blocks")
        data = self._blocks[number] = self.apart(number * _BLOCK, _BLOCK)
        return data
