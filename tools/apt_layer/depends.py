"""Holds packages that are added against what is installed: needs, versions and conflicts.

The packages of a lock fit each other, as apt chose them together, which those of another lock were not.
A set of the closure `elf` lacks on purpose what only Depends name, and dpkg's status says so: apt would want
to install it all otherwise. Such a stanza keeps the whole field under another name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tools.apt_layer.relations import Package, Relation, package
from tools.apt_layer.state import Facts, Installed, State
from tools.common.errors import ToolError, raise_all

CLOSURES = ("apt", "elf")
# Fields in which each clause is a need, and what the whole field is called when some are left out.
LEFT_OUT: Mapping[str, str] = {"Depends": "X-Full-Depends", "Pre-Depends": "X-Full-Pre-Depends"}

_REMEDY = "Write both locks anew, so that they are of one state of the archive."


def settle(state: State, added: Sequence[Facts], closure: str, lock: str) -> None:
    """Checks packages that were added to `state`, and leaves out needs that an `elf` set leaves open."""
    there = installed(state)
    names = {facts.package for facts in added}
    problems: list[ToolError] = []
    for facts in added:
        mine = package(facts.status)
        problems += _too_old(mine, there.values(), lock)
        problems += _conflicts(mine, there.values(), names, lock)
    raise_all(problems)
    if closure == "elf":
        for facts in added:
            state.packages[facts.package] = _without_unmet(state.packages[facts.package], there.values())


def installed(state: State) -> dict[str, Package]:
    """What is usable in a root, of its own architecture."""
    found = (
        package(each.status)
        for each in state.packages.values()
        if each.installed and each.architecture in (state.arch, "all")
    )
    return {each.name: each for each in found}


def either(group: Sequence[Relation]) -> str:
    """A need as people read it."""
    return " or ".join(map(str, group))


def met(group: Sequence[Relation], there: Iterable[Package]) -> bool:
    """Whether one of several packages will do, and is there."""
    return any(relation.holds(each) for each in there for relation in group)


def named(group: Sequence[Relation], there: Iterable[Package]) -> str:
    """Packages that a need names, by their own name or one that they provide, and their versions."""
    names = {relation.name for relation in group}
    found = [
        str(each) + "".join(f", which provides {one}" for one in each.provides if one.name in names)
        for each in there
        if each.name in names or any(one.name in names for one in each.provides)
    ]
    return " and ".join(found)


def _too_old(mine: Package, there: Iterable[Package], lock: str) -> Iterator[ToolError]:
    """Needs for which there is a package, but in no such version; what is not there at all is meant so."""
    for group in mine.depends:
        if not met(group, there) and (found := named(group, there)):
            problem = f"{mine} of the lock @{lock} needs {either(group)}; the image has {found}"
            yield ToolError(problem, remedy=_REMEDY)


def _conflicts(mine: Package, there: Iterable[Package], added: set[str], lock: str) -> Iterator[ToolError]:
    for other in there:
        if other.name == mine.name or (other.name in added and other.name < mine.name):
            continue
        for one, two in ((mine, other), (other, mine)):
            for relation in one.conflicts:
                if relation.holds(two):
                    problem = f"{mine} of the lock @{lock} cannot be in an image with {other}: "
                    yield ToolError(f"{problem}{one.name} conflicts with {relation}", remedy=_REMEDY)


def _without_unmet(stanza: Installed, there: Iterable[Package]) -> Installed:
    """The stanza with the needs that are met; dpkg writes them in one line each."""
    lines, whole = [], []
    for line in stanza.status.splitlines():
        name, _, value = line.partition(": ")
        clauses = value.split(", ")
        if name not in LEFT_OUT:
            lines.append(line)
            continue
        kept = [clause for clause in clauses if met(_clause(clause), there)]
        if kept:
            lines.append(f"{name}: {', '.join(kept)}")
        if kept != clauses:
            whole.append(f"{LEFT_OUT[name]}: {value}")
    return replace(stanza, status="".join(f"{line}\n" for line in [*lines, *whole]))


def _clause(text: str) -> tuple[Relation, ...]:
    (group,) = package(f"Package: x\nDepends: {text}\n").depends
    return group
