"""Takes debug information out of an ELF file: most of the size of an interpreter, and of no use to it.

What the loader maps stays where it is, byte for byte. The other sections move together behind it, symbols
among them; a section of debug information becomes an unused entry of the section table, so that all others
keep their numbers. It is what `strip --strip-debug` does, but for the numbers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_ELF64_LITTLE = b"\x7fELF\x02\x01"
_ET_EXEC, _ET_DYN = 2, 3
_SHT_NULL, _SHT_NOBITS, _SHF_ALLOC = 0, 8, 2
_DEBUG = (b".debug_", b".zdebug_", b".gdb_index")


@dataclass(frozen=True)
class _Section:
    """One entry of the section table."""

    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry_size: int

    @property
    def end(self) -> int:
        """Where its bytes in the file end."""
        return self.offset + (0 if self.type in (_SHT_NULL, _SHT_NOBITS) else self.size)

    def packed(self) -> bytes:
        """The entry as it stands in the file."""
        return _SECTION.pack(
            *(self.name, self.type, self.flags, self.address, self.offset),
            *(self.size, self.link, self.info, self.align, self.entry_size),
        )


def without_debug_information(data: bytes) -> bytes:
    """The file without it; whatever is no program or library of 64 bits with such sections stays as it is."""
    if not data.startswith(_ELF64_LITTLE) or len(data) < _HEADER.size:
        return data
    header = list(_HEADER.unpack_from(data))
    table, entry_size, count, names = header[6], header[11], header[12], header[13]
    if header[1] not in (_ET_EXEC, _ET_DYN) or entry_size != _SECTION.size:
        return data
    if not 0 < names < count or table + count * entry_size > len(data):
        return data
    sections = [_Section(*_SECTION.unpack_from(data, table + index * entry_size)) for index in range(count)]
    debug = set(_debug_sections(data, sections, sections[names]))
    if not debug:
        return data
    out = bytearray(data[: _mapped_end(data, header, sections)])
    for index, section in enumerate(sections):
        if index in debug:
            _blank(out, section, _mapped(data, header))
            sections[index] = _Section(0, _SHT_NULL, 0, 0, 0, 0, 0, 0, 0, 0)
    for index in sorted(range(count), key=lambda index: sections[index].offset):
        section = sections[index]
        if section.end > len(data):
            return data
        if section.end > section.offset >= 0 and not section.flags & _SHF_ALLOC and index not in debug:
            _align(out, section.align)
            sections[index] = replace(section, offset=len(out))
            out += data[section.offset : section.end]
    _align(out, 8)
    header[6] = len(out)
    out[: _HEADER.size] = _HEADER.pack(*header)
    return bytes(out) + b"".join(section.packed() for section in sections)


def _debug_sections(data: bytes, sections: list[_Section], names: _Section) -> Iterator[int]:
    """The numbers of sections that nobody but a debugger reads."""
    texts = data[names.offset : names.end]
    for index, section in enumerate(sections):
        name = texts[section.name :].partition(b"\0")[0]
        if not section.flags & _SHF_ALLOC and name.startswith(_DEBUG):
            yield index


def _mapped(data: bytes, header: list[int]) -> list[tuple[int, int]]:
    """The parts of the file that program headers name, and these headers themselves: start and end."""
    table, size, count = header[5], header[9], header[10]
    parts = [(0, _HEADER.size), (table, table + size * count)]
    for index in range(count if size == _SEGMENT.size else 0):
        _, _, offset, _, _, length, _, _ = _SEGMENT.unpack_from(data, table + index * size)
        parts.append((offset, offset + length))
    return parts


def _mapped_end(data: bytes, header: list[int], sections: list[_Section]) -> int:
    ends = [end for _, end in _mapped(data, header)]
    return max(ends + [section.end for section in sections if section.flags & _SHF_ALLOC])


def _blank(out: bytearray, section: _Section, mapped: list[tuple[int, int]]) -> None:
    """Fills a hole that a section leaves before what is mapped; zeros take no space in a compressed layer."""
    start, end = section.offset, min(section.end, len(out))
    if start < end and not any(start < stop and begin < end for begin, stop in mapped):
        out[start:end] = bytes(end - start)


def _align(out: bytearray, size: int) -> None:
    out += bytes(-len(out) % max(size, 1))
