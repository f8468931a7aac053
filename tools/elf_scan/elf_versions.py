"""The symbol versions of an ELF file: those that it needs of other libraries and those that it defines.

Both are chains of structures, as the LSB describes them, in which each states how far the next one is away.
Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in the images.
"""

from __future__ import annotations

from struct import Struct

from tools.elf_scan.elf_dynamic import Dynamic
from tools.elf_scan.elf_file import ElfError
from tools.elf_scan.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_BASE, _WEAK = 1, 2
_MAX_STRUCTURES = 1 << 12


class VersionNeed(Record):
    """The symbol versions that a file asks of one library (DT_VERNEED).

    The loader refuses a library that lacks one of `versions`; for one of `weak` it only warns.
    """

    def __init__(self, library: str, versions: tuple[str, ...], weak: tuple[str, ...] = ()) -> None:
        self.library = library
        self.versions = versions
        self.weak = weak


_Layouts = dict[bool, Struct]


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
        self._data, self._base = b"", 0  # the part of the file that was looked at last, and where it begins

    def needs(self) -> tuple[VersionNeed, ...]:
        """What DT_VERNEED says, a library at a time."""
        at, number = self._table(_DT_VERNEED, _DT_VERNEEDNUM)
        if not number:
            return ()
        names: list[int] = []  # those of all libraries, as they are read at once
        cuts, needs = [], []
        for count, library, first, step in self._chain(_NEED, at, number):
            weak: list[int] = []
            start = len(names)
            names.append(library)
            for flags, name, _ in self._chain(_NEEDED_VERSION, at + first, count):
                (weak if flags & _WEAK else names).append(name)
            strong = len(names)
            names += weak
            cuts.append((start, strong, len(names)))
            at += step
        texts = self._dynamic.strings.at(names)
        for start, strong, end in cuts:
            versions = tuple(texts[start + 1 : strong])
            needs.append(VersionNeed(texts[start], versions, tuple(texts[strong:end])))
        return tuple(needs)

    def definitions(self) -> tuple[str, ...]:
        """What DT_VERDEF says, but for the entry with the name of the file itself."""
        at, number = self._table(_DT_VERDEF, _DT_VERDEFNUM)
        if not number:
            return ()
        names: list[int] = []
        for flags, count, first, step in self._chain(_DEFINITION, at, number):
            own = 0 if flags & _BASE else min(count, 1)  # further names are those of predecessors
            names += [name for name, _ in self._chain(_DEFINED_NAME, at + first, own)]
            at += step
        return tuple(self._dynamic.strings.at(names))

    def _table(self, address: int, number: int) -> tuple[int, int]:
        """Where in the file a table begins, and how many structures it has."""
        dynamic = self._dynamic
        start, count = dynamic.number(address), dynamic.number(number)
        return (dynamic.file.file_offset(start), count) if start and count else (0, 0)

    def _chain(self, layouts: _Layouts, at: int, count: int) -> Sequence[tuple[int, ...]]:
        """At most `count` structures, to the one that leads no further."""
        found: list[tuple[int, ...]] = []
        layout = layouts[self._dynamic.file.little]
        unpack, size = layout.unpack_from, layout.size
        data, base = self._data, self._base
        start, last = at - base, len(data) - size
        most = min(count, self._left)
        for _ in range(most):
            if start < 0 or start > last:
                at = base + start
                data, start = self._dynamic.file.around(at, size, "the symbol versions")
                base, last = at - start, len(data) - size
            fields = unpack(data, start)
            found.append(fields)
            step = fields[-1]
            if not step:
                break
            start += step
        else:
            if most < count:
                raise ElfError(f"more than {_MAX_STRUCTURES} symbol versions")
        self._data, self._base = data, base
        self._left -= len(found)
        return found
