"""The symbol versions of an ELF file: those that it needs of other libraries and those that it defines.

Both are chains of structures, as the LSB describes them, in which each states how far the next one is away.
Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in the images.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from tools.elf_scan.elf_dynamic import Dynamic
from tools.elf_scan.elf_file import ElfError

_DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_BASE, _WEAK = 1, 2
_MAX_STRUCTURES = 1 << 12


class VersionNeed(NamedTuple):
    """The symbol versions that a file asks of one library (DT_VERNEED).

    The loader refuses a library that lacks one of `versions`; for one of `weak` it only warns.
    """

    library: str
    versions: tuple[str, ...]
    weak: tuple[str, ...] = ()


_Layouts = dict[bool, Struct]
_Found = tuple[int, tuple[int, ...]]


def _layouts(fields: str) -> _Layouts:
    """A structure by whether the byte order is little-endian; its last field leads to the next one."""
    return {order == "<": Struct(order + fields) for order in "<>"}


_NEED = _layouts("2xHIII")  # vn_cnt, vn_file, vn_aux, vn_next
_NEEDED_VERSION = _layouts("4xH2xII")  # vna_flags, vna_name, vna_next
_DEFINITION = _layouts("2xH2xH4xII")  # vd_flags, vd_cnt, vd_aux, vd_next
_DEFINED_NAME = _layouts("II")  # vda_name, vda_next


class Versions:
    """Reads the tables of one file, of a size that is reasonable."""

    def __init__(self, dynamic: Dynamic) -> None:
        self._dynamic = dynamic
        self._left = _MAX_STRUCTURES

    def needs(self) -> tuple[VersionNeed, ...]:
        """What DT_VERNEED says, a library at a time."""
        needs, text = [], self._dynamic.text
        for at, (count, library, first, _) in self._table(_DT_VERNEED, _DT_VERNEEDNUM, _NEED):
            versions: list[str] = []
            weak: list[str] = []
            for _, (flags, name, _) in self._chain(_NEEDED_VERSION, at + first, count):
                (weak if flags & _WEAK else versions).append(text(name))
            needs.append(VersionNeed(text(library), tuple(versions), tuple(weak)))
        return tuple(needs)

    def definitions(self) -> tuple[str, ...]:
        """What DT_VERDEF says, but for the entry with the name of the file itself."""
        names = []
        for at, (flags, count, first, _) in self._table(_DT_VERDEF, _DT_VERDEFNUM, _DEFINITION):
            own = 0 if flags & _BASE else min(count, 1)  # further names are those of predecessors
            for _, (name, _) in self._chain(_DEFINED_NAME, at + first, own):
                names.append(self._dynamic.text(name))
        return tuple(names)

    def _table(self, address: int, count: int, layouts: _Layouts) -> Sequence[_Found]:
        dynamic = self._dynamic
        if not dynamic.number(count):
            return ()
        return self._chain(layouts, dynamic.file.file_offset(dynamic.number(address)), dynamic.number(count))

    def _chain(self, layouts: _Layouts, at: int, count: int) -> Sequence[_Found]:
        """At most `count` structures with their offsets, to the one that leads no further."""
        found: list[_Found] = []
        file = self._dynamic.file
        layout = layouts[file.little]
        most = min(count, self._left)
        data, base = b"", at  # a part of the file, and where it begins
        while len(found) < most:
            if not 0 <= at - base <= len(data) - layout.size:
                data, start = file.around(at, layout.size, "the symbol versions")
                base = at - start
            fields = layout.unpack_from(data, at - base)
            found.append((at, fields))
            if not fields[-1]:
                break
            at += fields[-1]
        else:
            if len(found) < count:
                raise ElfError(f"more than {_MAX_STRUCTURES} symbol versions")
        self._left -= len(found)
        return found
