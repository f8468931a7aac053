"""Finds libraries that are in an image more than once: files with the same soname for the same machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tools.elf_scan.stacked import StackedLibraries
from tools.lib_closure.closure import Copy, Duplicate
from tools.lib_closure.image import Image
from tools.lib_closure.owners import Owner


def duplicates(image: Image, stack: StackedLibraries, owner: Callable[[str], Owner]) -> Iterator[Duplicate]:
    """The sonames of the environment that more than one file has, the most wasteful first.

    Args:
        image: its layers.
        stack: the same, stacked.
        owner: whom a file belongs to.
    """
    wheels = {id(wheel) for wheel in image.wheels}
    found: dict[tuple[str, int, int], list[tuple[bool, Copy]]] = {}
    for path, library in stack.files():
        facts = library.elf
        if facts.soname and facts.loadable:
            copy = Copy(path, str(owner(path)), library.size)
            ours = id(stack.layer(path)) in wheels
            found.setdefault((facts.soname, facts.machine, facts.bits), []).append((ours, copy))
    groups = [
        Duplicate(soname, _wasted([copy for _, copy in copies]), tuple(copy for _, copy in copies))
        for (soname, _, _), copies in found.items()
        if len(copies) > 1 and any(ours for ours, _ in copies)
    ]
    yield from sorted(groups, key=lambda group: (-group.wasted, group.soname))


def _wasted(copies: list[Copy]) -> int:
    sizes = [copy.size for copy in copies]
    return sum(sizes) - max(sizes)
