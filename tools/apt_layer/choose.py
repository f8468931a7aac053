"""Which packages of a set a pulled base lacks.

Of a base that a lock made, the packages are known when Bazel plans the build. What a pulled image holds is
known once it is there, so the action itself decides: it follows the dependencies of what the set asks for and
takes from the set what neither the base nor what was taken before satisfies. A package that the base has
stays as it is, whatever its version; when that is too old, or in the way, it is an error and not an upgrade.
"""

from collections.abc import Sequence
from dataclasses import replace

from tools.apt_layer.depends import either, installed, met, named
from tools.apt_layer.relations import Package, Relation, package
from tools.apt_layer.state import Facts, State
from tools.common.errors import ToolError, raise_all

_REMEDY = (
    "Packages of a pulled base are kept as they are. Take a base that is newer, or what fits this one:\n"
    "a set of an older suite, or for Python an interpreter of rules_python (@rules_python//python)."
)


def choose(
    state: State, packages: Sequence[Facts], roots: Sequence[str], closure: str = "apt"
) -> list[Facts]:
    """The packages to add to the base; `roots` are those that were asked for by name.

    All of a set of the closure `elf` are needed, and not all that they depend on.
    """
    choice = _Choice(state, packages, complete=closure != "elf")
    for name in sorted(roots if closure != "elf" else [facts.package for facts in packages]):
        choice.ask(name)
    choice.check_conflicts()
    raise_all(choice.problems)
    wanted = frozenset(roots)
    return [
        replace(choice.facts[name], auto=name not in wanted)
        for name in sorted(choice.taken)
        if name in choice.facts
    ]


class _Choice:
    def __init__(self, state: State, packages: Sequence[Facts], *, complete: bool) -> None:
        self._complete = complete
        self.facts = {facts.package: facts for facts in packages}
        self.problems: list[ToolError] = []
        self.taken: dict[str, Package] = {}
        self._set = {facts.package: package(facts.status) for facts in packages}
        self._names = installed(state)
        self._base = list(self._names.values())

    def ask(self, name: str) -> None:
        """Takes a package unless the base has it, and then what that needs."""
        if name in self._names or name in self.taken:
            return
        self.taken[name] = self._set[name]
        for group in self._set[name].depends:
            self._satisfy(self._set[name], group)

    def _satisfy(self, who: Package, group: Sequence[Relation]) -> None:
        if met(group, [*self._base, *self.taken.values()]):
            return
        for relation in group:
            for name in (relation.name, *sorted(self._set)):
                if name in self._set and name not in self._names and relation.holds(self._set[name]):
                    self.ask(name)
                    return
        found = named(group, self._base)
        if found or self._complete:
            reason = f"the base has {found}" if found else "neither the base nor the set has it"
            self.problems.append(ToolError(f"{who} needs {either(group)}; {reason}", remedy=_REMEDY))

    def check_conflicts(self) -> None:
        """Notes what cannot be in one image: what is taken, with what the base has, either way round."""
        for mine in self.taken.values():
            for theirs in self._base:
                for one, other in ((mine, theirs), (theirs, mine)):
                    for relation in one.conflicts:
                        if relation.holds(other):
                            problem = f"{mine} cannot be added to a base with {theirs}: "
                            problem += f"{one.name} conflicts with {relation}"
                            self.problems.append(ToolError(problem, remedy=_REMEDY))
