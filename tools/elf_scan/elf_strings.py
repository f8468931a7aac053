"""A string table of an ELF file: strings that end with a zero byte, by where in the table they begin.

Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in the images.
"""

from __future__ import annotations

import sys

from tools.elf_scan.elf_file import ElfError, ElfFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
_MAX_STRING = 1 << 16
_MAX_TEXT = 1 << 22


class Strings:
    """The table of `size` bytes at an offset of a file, read block by block as strings are asked for."""

    def __init__(self, file: ElfFile, start: int, size: int) -> None:
        self._file, self._start, self._size = file, start, size
        self._data, self._base = b"", 0  # what was looked at last, and where in the table it begins
        self._left = _MAX_TEXT

    def at(self, offsets: Sequence[int]) -> list[str]:
        """The strings that begin there: one loop, since a library has twenty and most lie in one block."""
        texts = []
        data, base = self._data, self._base
        for offset in offsets:
            start = offset - base
            end = data.find(b"\0", start) if start >= 0 else -1
            if end < 0:
                data, start = self._part(offset)
                base = offset - start
                end = data.find(b"\0", start)
            self._left -= end - start
            if end < 0 or base + end >= self._size:
                raise ElfError("a string without an end")
            if self._left < 0:
                raise ElfError(f"strings of more than {_MAX_TEXT} bytes")
            texts.append(data[start:end].decode(_ENCODING, _ERRORS))
        self._data, self._base = data, base
        return texts

    def _part(self, offset: int) -> tuple[bytes, int]:
        """Part of the file that has the whole of a string, if it ends, and where that begins in it."""
        if not 0 <= offset < self._size:
            raise ElfError(f"string {offset} lies outside the string table of {self._size} bytes")
        data, start = self._file.around(self._start + offset, 1, "its strings")
        if data.find(b"\0", start) < 0:  # it goes on in the next block
            data, start = self._file.upto(self._start + offset, min(self._size - offset, _MAX_STRING)), 0
            self._left -= len(data)
        return data, start
