"""Diversions and stat overrides: files that dpkg puts elsewhere, or gives another owner, than packages say.

dpkg goes by the path that a package has, which in a merged suite is not always the place in the image.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from tools.apt_layer.content import read_file
from tools.apt_layer.links import Places
from tools.apt_layer.state import Facts, State
from tools.apt_layer.tree import Tree
from tools.common.errors import ToolError, raise_all


@dataclass(frozen=True)
class Known:
    """What the layers below have diverted, overridden and chosen, and seen to."""

    diversions: Set[str]
    statoverrides: Set[str]
    choices: Set[tuple[str, str]]

    @classmethod
    def of(cls, state: State) -> "Known":
        """As it is before packages are added."""
        choices = {(name, path) for name, group in state.alternatives.items() for path in group.choices}
        return cls(frozenset(state.diversions), frozenset(state.statoverrides), frozenset(choices))


def divert(state: State, packages: Sequence[Facts], known: Known, places: Places) -> list[Facts]:
    """The packages, with the files that others divert at their other names."""
    raise_all(
        [
            _below(f"{by} diverts {path}", owner)
            for path, (_, by) in state.diversions.items()
            if path not in known.diversions and (owner := state.files.get(places.of(path), by)) != by
        ]
    )
    return [_diverted(state, facts, places) for facts in packages]


def _diverted(state: State, facts: Facts, places: Places) -> Facts:
    moves = {}
    for path, (to, by) in state.diversions.items():
        if by != facts.package and places.of(path) in facts.files and path in _own_paths(facts):
            if places.of(to) in facts.files:
                raise ToolError(f"{facts.package} has both {path}, which {by} diverts to {to}, and {to}")
            moves[places.of(path)] = places.of(to)
    files = {moves.get(path, path): kind for path, kind in facts.files.items()}
    return replace(facts, moves=moves, files=files) if moves else facts


def override(
    state: State, packages: Sequence[Facts], known: Known, tree: Tree, places: Places
) -> list[Facts]:
    """The packages, with the modes and owners that stat overrides give their files."""
    added = {facts.package for facts in packages}
    raise_all(
        [
            _below(f"the policy overrides mode and owner of {path}", owner)
            for path in state.statoverrides
            if path not in known.statoverrides
            and (owner := state.files.get(places.of(path))) in state.packages
            and owner not in added
        ]
    )
    wanted = {places.of(path): _attributes(state, path) for path in state.statoverrides}
    for place, attributes in wanted.items():
        if state.dirs.get(place, attributes) != attributes:
            tree.dir(place, *attributes)
    return [_overridden(facts, wanted) for facts in packages]


def _overridden(facts: Facts, wanted: Mapping[str, tuple[int, int, int]]) -> Facts:
    own = {*facts.files, *facts.moves}  # an override names the path that the package has
    attributes = {place: each for place, each in wanted.items() if place in own}
    return replace(facts, attributes=attributes) if attributes else facts


def _own_paths(facts: Facts) -> set[str]:
    name = facts.as_installed().qualified(facts.package)
    return set(read_file(facts, f"var/lib/dpkg/info/{name}.list").decode().splitlines())


def _attributes(state: State, path: str) -> tuple[int, int, int]:
    user, group, mode = state.statoverrides[path]
    return int(mode, 8), _number(state, "passwd", user), _number(state, "group", group)


def _number(state: State, kind: str, name: str) -> int:
    if name.startswith("#"):
        return int(name[1:])
    rows = [*state.rows(f"etc/{kind}"), *(row.split(":") for row in state.accounts.get(kind, []))]
    numbers = {row[0]: int(row[2]) for row in rows if len(row) > 2 and row[2].isdigit()}
    if name not in numbers:
        raise ToolError(f"a stat override is for {name}, who is not in /etc/{kind}")
    return numbers[name]


def _below(what: str, owner: str | None) -> ToolError:
    return ToolError(
        f"{what}, which {owner} has in the base already", remedy="Put both packages into one layer."
    )
