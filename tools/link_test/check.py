"""Whether the dynamic loader could load every ELF file of an image: a verdict on the facts of its layers.

A file is looked at as if it were opened, and as part of whatever loads it: how a library is found depends on
who needs it. What fails when a library is opened by itself and succeeds when its own program loads it is no
problem.
"""

from __future__ import annotations

from dataclasses import dataclass

from tools.elf_scan.loader import Edge, Loader
from tools.elf_scan.stacked import StackedLibraries
from tools.elf_scan.versions import missing_versions


@dataclass(frozen=True, order=True)
class Problem:
    """A file needs a library that is not found, or one that lacks symbol versions.

    Attributes:
        chain: real paths from the file that was opened to the one that needs the library.
        name: the library, as that one names it.
        found: the file that the loader takes; empty when there is none.
        versions: what that one lacks.
        stop: what has the name, cannot be loaded and ends the loader's search; empty when there is nothing.
    """

    chain: tuple[str, ...]
    name: str
    found: str = ""
    versions: tuple[str, ...] = ()
    stop: str = ""

    def __str__(self) -> str:
        what = f"{self.found} has no {', '.join(self.versions)}" if self.found else "not found"
        if self.stop:
            what = f"{self.stop} cannot be loaded"
        return f"{' <- '.join(reversed(self.chain))} NEEDED {self.name}: {what}"


@dataclass(frozen=True)
class Result:
    """What was looked at, and what is wrong with it.

    Attributes:
        files: how many files can be loaded.
        edges: how many needs they have.
        foreign: the files for another machine.
        broken: the files that begin as ELF files do and are none, with the reason.
        problems: needs that are not met.
    """

    files: int
    edges: int
    foreign: tuple[str, ...]
    broken: dict[str, str]
    problems: tuple[Problem, ...]


def check(stack: StackedLibraries, loader: Loader, machine: tuple[int, int]) -> Result:
    """Loads every file.

    Args:
        stack: the image.
        loader: loads from it.
        machine: number and bits of the image's machine, as ELF files state them.
    """
    good: set[tuple[str, str]] = set()
    bad: dict[tuple[str, str], Problem] = {}
    foreign: list[str] = []
    files = 0
    for path, library in stack.files():
        if not library.elf.loadable:
            continue
        if (library.elf.machine, library.elf.bits) != machine:
            foreign.append(path)
            continue
        files += 1
        for edge in loader.load(path):
            key = (edge.needer.real, edge.name)
            problem = _problem(edge)
            if problem is None:
                good.add(key)
            elif key not in bad or len(problem.chain) > len(bad[key].chain):  # which tells more
                bad[key] = problem
    problems = sorted(problem for key, problem in bad.items() if key not in good)
    return Result(files, len(good | bad.keys()), tuple(foreign), stack.broken(), tuple(problems))


def _problem(edge: Edge) -> Problem | None:
    if edge.found is None:
        return Problem(edge.needer.chain(), edge.name, stop=edge.stop or "")
    lacking = missing_versions(edge)
    return Problem(edge.needer.chain(), edge.name, edge.found.real, tuple(lacking)) if lacking else None
