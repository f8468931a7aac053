"""Proposes which distributions share a layer, so that little is pushed again when pins change.

A layer is pushed again as a whole by each commit that changes one of its pins. The proposal begins with a
group for each family, and joins the two groups that save most, until nothing is saved any more and there are
few enough. Each layer costs something too, for every engine has to ask for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

# What one more layer costs: as much as so many bytes pushed in a year.
LAYER_COST = 5_000_000

# How often each distribution changes beside what was seen: the past is short, and none stays for ever.
_UNSEEN = 0.25

# What is released together, or is of no use apart.
_FAMILIES = (("torch*", "triton", "nvidia-*"), ("jupyter*", "notebook*"), ("tensorflow*", "keras"))


@dataclass(frozen=True)
class Distribution:
    """One wheel: its name in normal form, version, compressed bytes, and the commits that changed its pin."""

    name: str
    version: str
    size: int
    commits: frozenset[str]


@dataclass(frozen=True)
class Group:
    """What shares a layer, sorted by name."""

    members: tuple[Distribution, ...]

    @property
    def size(self) -> int:
        """Compressed bytes."""
        return sum(each.size for each in self.members)

    @property
    def changes(self) -> int:
        """How many commits changed it."""
        return len(frozenset[str]().union(*(each.commits for each in self.members)))

    @property
    def pushed(self) -> float:
        """The bytes that are pushed again, when what comes is like what was."""
        return (self.changes + _UNSEEN * len(self.members)) * self.size

    @property
    def name(self) -> str:
        """The name of its largest distribution."""
        return min(self.members, key=lambda each: (-each.size, each.name)).name

    def __or__(self, other: Group) -> Group:
        return Group(tuple(sorted((*self.members, *other.members), key=lambda each: each.name)))


def pushed(groups: Iterable[Group]) -> float:
    """The bytes that are pushed again with these groups."""
    return sum(group.pushed for group in groups)


def propose(distributions: Sequence[Distribution], most: int) -> list[Group]:
    """The groups, the lowest layer first: what changes least, then what is large.

    Args:
        distributions: all that there are.
        most: how many groups there may be.
    """
    groups = dict(enumerate(_families(distributions)))
    savings = {pair: _saving(groups, *pair) for pair in itertools.combinations(groups, 2)}
    while savings:
        pair = min(savings, key=lambda each: (-savings[each], each))
        if savings[pair] <= 0 and len(groups) <= most:
            break
        first, second = pair
        groups[first] |= groups.pop(second)
        savings = {each: value for each, value in savings.items() if not {first, second} & {*each}}
        savings |= {(min(first, k), max(first, k)): _saving(groups, first, k) for k in groups if k != first}
    return sorted(groups.values(), key=lambda group: (group.changes, -group.size, group.name))


def _saving(groups: Mapping[int, Group], first: int, second: int) -> float:
    one, other = groups[first], groups[second]
    return LAYER_COST + one.pushed + other.pushed - (one | other).pushed


def _families(distributions: Sequence[Distribution]) -> list[Group]:
    """A group for each family: those known by name, and those whose names begin with the same word."""
    homes: dict[str, list[Distribution]] = {}
    for each in sorted(distributions, key=lambda each: each.name):
        known = (family[0] for family in _FAMILIES if any(fnmatchcase(each.name, glob) for glob in family))
        homes.setdefault(next(known, each.name.partition("-")[0]), []).append(each)
    return [Group(tuple(members)) for members in homes.values()]


def patterns(group: Group, groups: Sequence[Group]) -> list[str]:
    """Names for the attribute `layers`; several of one beginning are one glob if no other group has some."""
    others = {each.name for other in groups if other is not group for each in other.members}
    found: dict[str, None] = {}
    for each in group.members:
        glob = f"{each.name.partition('-')[0]}-*"
        alike = sum(fnmatchcase(member.name, glob) for member in group.members)
        fits = fnmatchcase(each.name, glob) and alike > 1
        clear = not any(fnmatchcase(other, glob) for other in others)
        found[glob if fits and clear else each.name] = None
    return list(found)
