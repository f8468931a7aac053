"""Finds the packages that an image needs on top of its base: those whose libraries are needed, and what their
own libraries need in turn, until nothing is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tools.apt_lock.contents import folders
from tools.common.errors import ToolError, raise_all
from tools.elf_scan.facts import Libraries
from tools.lib_closure.closure import APT, Closure
from tools.lib_closure.image import Image
from tools.lib_closure.owners import distribution_of
from tools.pkgdeps.archive import Archive
from tools.pkgdeps.deb import deb_facts, with_alternatives

Analyse = Callable[[Image], Closure]


@dataclass(frozen=True)
class Needs:
    """What an image needs of Debian: `direct` are the packages that the environment itself needs."""

    closure: Closure
    direct: frozenset[str]


def missing(closure: Closure) -> list[str]:
    """The packages that an image lacks."""
    return [name for name, package in closure.packages.items() if not package.installed]


def complete(image: Image, analyse: Analyse, archive: Archive | None) -> Needs:
    """Resolves an image, adding packages until it has all.

    Args:
        image: its layers, without packages for the environment's sake.
        analyse: resolves it.
        archive: where packages are; None when it is known that none is needed.

    Raises:
        ToolError: something is needed that no package has.
    """
    added: dict[str, Libraries] = {}
    looked_in = [f"/{folder}" for folder in folders(image.arch)]
    closure = analyse(image)
    while archive and (names := missing(closure)):
        before = dict(added)
        wanted = [name for name in names if name not in added and name not in archive.installed]
        added |= {name: deb_facts(deb, name) for name, deb in archive.download(wanted)} if wanted else {}
        for name in set(names) & before.keys():
            sonames = closure.packages[name].sonames
            added[name] = with_alternatives(added[name], sonames, looked_in)
        if added == before:
            _raise_useless(closure, names, archive.refresh)
        closure = analyse(replace(image, added=tuple(added[name] for name in sorted(added))))
    _raise_problems(closure)
    return Needs(closure, _direct(closure, image))


def _direct(closure: Closure, image: Image) -> frozenset[str]:
    """The packages with a library that a distribution needs."""
    mine = {str(distribution_of(wheel.source)) for wheel in image.wheels}
    return frozenset(
        edge.provider.partition(" ")[0]
        for edge in closure.edges
        if edge.status == APT and edge.provider and edge.owner in mine
    )


def _raise_problems(closure: Closure) -> None:
    raise_all([ToolError(f"{closure.arch}: {each.text}", remedy=each.remedy) for each in closure.problems])


def _raise_useless(closure: Closure, names: list[str], refresh: str) -> None:
    remedy = (
        f"The index may be of another state than the archive: {refresh}; "
        "or give the image a layer with the library."
    )
    problems = [
        f"{closure.arch}: {', '.join(package.sonames)} needed by {', '.join(package.by)}: "
        f"the index of Debian {closure.suite} says that {name} has it, "
        "and it has no such library where the loader looks"
        for name, package in closure.packages.items()
        if name in names
    ]
    raise_all([ToolError(problem, remedy=remedy) for problem in problems])
