"""The chains that lead from a distribution to what it needs, and how many of one shape become one line."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tools.lib_closure import closure as c
from tools.why.index import Index, name_of, of_data, shown

MOST = 2_000  # more chains than anybody reads; libraries that need each other have millions

# A chain starts with the edge to what was asked for; each further one is the reason for that before it.
Chain = tuple[c.Edge, ...]


@dataclass(frozen=True)
class Folded:
    """Chains from one distribution through the same packages.

    Attributes:
        chain: one of them.
        more: how many further files of the distribution start such a chain.
        sonames: what else they need of the first package.
    """

    chain: Chain
    more: int = 0
    sonames: tuple[str, ...] = ()


def chains(index: Index, edges: Iterable[c.Edge], most: int = MOST) -> list[Chain]:
    """Every chain to the edges, the shortest first; at most so many."""
    found: list[Chain] = []
    frontier: list[Chain] = [(edge,) for edge in edges]
    while frontier and len(found) < most:
        longer: list[Chain] = []
        for chain in frontier:
            before = list(_longer(index, chain)) if len(longer) < most else []
            longer += before
            if not index.parents(chain[-1]):
                found.append(chain)
        frontier = longer
    return sorted(found[:most], key=_order)


def fold(index: Index, edges: Iterable[c.Edge]) -> list[Folded]:
    """The chains to the edges, one for each way through packages to a distribution."""
    frontier: dict[tuple[str, ...], list[Chain]] = {}
    for edge in edges:
        frontier.setdefault((head(index, edge), name_of(edge.owner)), []).append((edge,))
    found: list[Folded] = []
    while frontier and len(found) < MOST:
        longer: dict[tuple[str, ...], list[Chain]] = {}
        for shape, several in frontier.items():
            ends = [chain for chain in several if not index.parents(chain[-1])]
            if ends:
                found.append(_folded(ends))
            seen: set[tuple[str, str]] = set()
            for chain in several:
                for further in _longer(index, chain):
                    last = further[-1]
                    # One chain to each edge is enough to know the shape.
                    if (last.file, last.needs) not in seen:
                        seen.add((last.file, last.needs))
                        owner = name_of(last.owner)
                        key = shape if owner == shape[-1] else (*shape, owner)
                        longer.setdefault(key, []).append(further)
        frontier = longer if len(longer) < MOST else {}
    return sorted(found, key=lambda each: _order(each.chain))


def head(index: Index, edge: c.Edge) -> str:
    """What an edge ends at: `libgomp1 12.2.0-14`, or a file of a wheel, or what is missing."""
    if edge.status == c.UNRESOLVED:
        return f"{edge.needs} (unresolved)"
    if edge.status == c.PLUGIN:
        return f"{edge.needs} (not there, and a plugin that needs it is not loaded)"
    if edge.status == c.DRIVER:
        return f"{edge.needs} ({edge.provider})"
    provider = edge.provider or ""
    if edge.status == c.APT and edge.found is None:
        return f"{provider} (not in the image yet)"
    if edge.status in (c.APT, c.BASE) or edge.found is None:
        return provider
    return f"{provider}: {shown(edge.found)}"


def line(index: Index, chain: Chain) -> str:
    """A chain as a line: `libx 1 <- liby 2: liby.so NEEDED libx.so.1 <- pkg 3: pkg/ext.so NEEDED liby.so`."""
    return " <- ".join([head(index, chain[0]), *_links(index, chain)])


def folded_line(index: Index, folded: Folded) -> str:
    """A line for many chains."""
    text = line(index, folded.chain)
    if not folded.more and not folded.sonames:
        return text
    owner = name_of(folded.chain[-1].owner)
    more = f"and {folded.more} more file{'s' * (folded.more > 1)} of {owner}" if folded.more else ""
    also = f"also {', '.join(folded.sonames)}" if folded.sonames else ""
    return f"{text} ({'; '.join(filter(None, (more, also)))})"


def named(index: Index, edge: c.Edge, reason: c.Edge | None) -> str:
    """The file that needs something, as people know it: a package's by the name that it is needed by."""
    if index.by_package(edge):
        return posixpath.basename(reason.needs if reason and reason.found == edge.file else edge.file)
    return shown(edge.file)


def _links(index: Index, chain: Chain) -> Iterator[str]:
    reasons: Sequence[c.Edge | None] = [*chain[1:], None]
    for edge, reason in zip(chain, reasons, strict=True):
        if "/" in edge.file:
            yield f"{edge.owner}: {named(index, edge, reason)} NEEDED {edge.needs}"
        elif of_data(edge):
            yield f"{edge.owner}: needs the data of {edge.needs}"
        else:
            yield f"{edge.owner}: opens {edge.needs} itself"


def _longer(index: Index, chain: Chain) -> Iterator[Chain]:
    files = {edge.file for edge in chain}
    for parent in index.parents(chain[-1]):
        if parent.file not in files:
            yield (*chain, parent)


def _order(chain: Chain) -> tuple[int, list[tuple[str, str, str]]]:
    return len(chain), [(edge.owner, edge.file, edge.needs) for edge in chain]


def _folded(several: list[Chain]) -> Folded:
    first = min(several, key=_order)
    files = {chain[-1].file for chain in several}
    sonames = {chain[0].needs for chain in several} - {first[0].needs}
    return Folded(first, len(files) - 1, tuple(sorted(sonames)))
