"""The dynamic section of an ELF file: numbers by tag, and the strings that some of the numbers stand for.

Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in the images.
"""

from __future__ import annotations

from itertools import takewhile
from operator import itemgetter

from tools.elf_scan.elf_file import MAX_STRING, ElfError, ElfFile, Segment

_DT_STRTAB, _DT_STRSZ = 5, 10

_MAX_ENTRIES = 4096


class Dynamic:
    """The entries of one file. Where one of a kind is wanted, it is the last one, as it is for the loader."""

    def __init__(self, file: ElfFile, segment: Segment) -> None:
        self.file = file
        self._entries = _entries(file, segment)
        self._last = dict(self._entries)
        self._texts: dict[int, str] = {}
        self._size = self.number(_DT_STRSZ)
        self._table = file.file_offset(self._last[_DT_STRTAB]) if _DT_STRTAB in self._last else None

    def number(self, tag: int) -> int:
        """The entry of a kind; 0 when there is none."""
        return self._last.get(tag, 0)

    def string(self, tag: int) -> str | None:
        """The entry of a kind, as a string."""
        return self.text(self._last[tag]) if tag in self._last else None

    def strings(self, tag: int) -> tuple[str, ...]:
        """All entries of a kind, as strings."""
        return tuple([self.text(offset) for each, offset in self._entries if each == tag])

    def text(self, offset: int) -> str:
        """What begins at an offset in the string table."""
        found = self._texts.get(offset)
        if found is None:
            if self._table is None or offset >= self._size:
                raise ElfError(f"string {offset} lies outside the dynamic string table")
            found = self.file.text(self._table + offset, min(self._size - offset, MAX_STRING))
            self._texts[offset] = found
        return found


def _entries(file: ElfFile, segment: Segment) -> list[tuple[int, int]]:
    """Tags and numbers up to DT_NULL, which is 0."""
    entry = file.dynamic_entry
    if segment.size > _MAX_ENTRIES * entry.size:
        raise ElfError(f"a segment for more than {_MAX_ENTRIES} dynamic entries")
    data = file.upto(segment.offset, segment.size)
    room = len(data) // entry.size
    entries = list(takewhile(itemgetter(0), entry.iter_unpack(data[: room * entry.size])))
    if len(entries) == room and len(data) < segment.size:
        raise ElfError("the dynamic segment is cut off")
    return entries
