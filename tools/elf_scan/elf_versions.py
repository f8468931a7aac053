"""The symbol versions of an ELF file: those that it needs of other libraries and those that it defines.

Both are chains of structures, as the LSB describes them, in which each states how far the next one is away.
Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in the images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tools.elf_scan.elf_file import ElfError, ElfFile

_BASE, _WEAK = 1, 2
_MAX_VERSIONS = 1 << 12


@dataclass(frozen=True)
class VersionNeed:
    """The symbol versions that a file asks of one library (DT_VERNEED).

    The loader refuses a library that lacks one of `versions`; for one of `weak` it only warns.
    """

    library: str
    versions: tuple[str, ...]
    weak: tuple[str, ...] = ()


def version_needs(
    file: ElfFile, address: int, count: int, text: Callable[[int], str]
) -> Iterator[VersionNeed]:
    """What DT_VERNEED says, `count` libraries from `address` on; `text` gives the string at an offset."""
    left = _MAX_VERSIONS
    for at, (_, auxiliaries, library, first, _) in _chain(file, "HHIII", file.file_offset(address), count):
        left -= auxiliaries
        if left < 0:
            raise ElfError(f"more than {_MAX_VERSIONS} symbol versions")
        versions: list[str] = []
        weak: list[str] = []
        for _, (_, flags, _, name, _) in _chain(file, "IHHII", at + first, auxiliaries):
            (weak if flags & _WEAK else versions).append(text(name))
        yield VersionNeed(text(library), tuple(versions), tuple(weak))


def version_definitions(file: ElfFile, address: int, count: int, text: Callable[[int], str]) -> Iterator[str]:
    """What DT_VERDEF says, but for the entry that names the file itself."""
    for at, (_, flags, _, auxiliaries, _, first, _) in _chain(
        file, "HHHHIII", file.file_offset(address), count
    ):
        if not flags & _BASE and auxiliaries:
            yield text(file.unpack("II", at + first, "the version definitions")[0])


def _chain(file: ElfFile, layout: str, at: int, count: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """At most `count` structures, of which the last field says how far the next one is away, 0 at the end."""
    for number in range(count):
        if number == _MAX_VERSIONS:
            raise ElfError(f"more than {_MAX_VERSIONS} symbol versions")
        fields = file.unpack(layout, at, "the symbol versions")
        yield at, fields
        if not fields[-1]:
            return
        at += fields[-1]
