"""The dynamic section of an ELF file: numbers by tag, and the strings that some of the numbers stand for.

Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in the images.
"""

from __future__ import annotations

from struct import Struct

from tools.elf_scan.elf_file import ElfError, ElfFile
from tools.elf_scan.elf_strings import Strings

_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ = 0, 1, 5, 10
_MAX_ENTRIES = 4096
# An entry, d_tag and d_un, by class and by whether the byte order is little-endian.
_ENTRY = {
    bits: {little: Struct(order + fields) for little, order in ((True, "<"), (False, ">"))}
    for bits, fields in ((64, "QQ"), (32, "II"))
}


class Dynamic:
    """The entries of one file. Where one of a kind is wanted, it is the last one, as it is for the loader."""

    def __init__(self, file: ElfFile, offset: int, size: int) -> None:
        self.file = file
        self._needed: list[int] = []
        self._last: dict[int, int] = {}
        self._read(offset, size)
        table = self.number(_DT_STRTAB)
        self.strings = Strings(file, table and file.file_offset(table), table and self.number(_DT_STRSZ))

    def number(self, tag: int) -> int:
        """The entry of a kind; 0 when there is none."""
        return self._last.get(tag, 0)

    def string(self, tag: int) -> str | None:
        """The entry of a kind, as a string."""
        return self.strings.at([self._last[tag]])[0] if tag in self._last else None

    def needed(self) -> tuple[str, ...]:
        """The libraries that are needed, in the file's order."""
        return tuple(self.strings.at(self._needed))

    def _read(self, offset: int, size: int) -> None:
        """Reads the entries up to DT_NULL."""
        entry = _ENTRY[self.file.bits][self.file.little]
        if size > _MAX_ENTRIES * entry.size:
            raise ElfError(f"a segment for more than {_MAX_ENTRIES} dynamic entries")
        data = self.file.apart(offset, size)
        for tag, number in entry.iter_unpack(data[: len(data) // entry.size * entry.size]):
            if tag == _DT_NEEDED:
                self._needed.append(number)
            elif tag == _DT_NULL:
                return
            self._last[tag] = number
        if len(data) < size:
            raise ElfError("the dynamic segment is cut off")
