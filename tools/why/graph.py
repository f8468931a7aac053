"""Who needs what, as nodes and arrows: distributions, packages, the driver, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tools.lib_closure import closure as c
from tools.why.index import DISTRIBUTION, FILE, PACKAGE, Index, Match, name_of, of_data, shown
from tools.why.report import MEANINGS

NVIDIA_WHEEL = "nvidia-"
_ENDS = (c.BASE, c.DRIVER, c.PLUGIN, c.UNRESOLVED)
_MISSING = (c.DRIVER, c.PLUGIN, c.UNRESOLVED)
_ORDER = list(MEANINGS)


@dataclass(frozen=True, order=True)
class Node:
    """A box.

    Attributes:
        kind: `distribution`, or the status of the edges to it: apt, base, nvidia, driver, plugin, unresolved.
        name: of the distribution, the package, the layer or, where it is missing, the library.
        version: its version, or what there is to say instead.
        sonames: what is needed of it.
        missing: whether it is to be laid on the image yet.
    """

    kind: str
    name: str
    version: str = ""
    sonames: tuple[str, ...] = ()
    missing: bool = False

    @property
    def end(self) -> bool:
        """Whether nothing follows."""
        return self.kind in _ENDS


@dataclass(frozen=True)
class Arrow:
    """Files of `source` need libraries of `target`; both are places in the list of nodes."""

    source: int
    target: int
    status: str
    sonames: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """All of it; the nodes are sorted."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]


@dataclass
class _Found:
    version: str = ""
    sonames: set[str] = field(default_factory=set)
    missing: bool = False


_Key = tuple[str, str]


def graph(index: Index, matches: Sequence[Match] = ()) -> Graph:
    """The graph of a closure, or the part of it that leads to some things.

    Args:
        index: the closure.
        matches: the things; with a distribution or a file what it needs is there, too.
    """
    edges = _leading(index, matches) if matches else index.closure.edges
    found: dict[_Key, _Found] = {}
    arrows: dict[tuple[_Key, _Key], list[c.Edge]] = {}
    for edge in edges:
        source, target = _owner(index, edge), _target(index, edge)
        found.setdefault(source, _Found(index.version(name_of(edge.owner))))
        if source == target:
            continue
        there = found.setdefault(target, _Found(_version(index, edge)))
        if not of_data(edge):
            there.sonames.add(edge.needs)
        there.missing |= edge.status == c.APT and edge.found is None
        arrows.setdefault((source, target), []).append(edge)
    for match in matches:
        if match.kind in (PACKAGE, DISTRIBUTION):
            kind = _kind(index, match.name, package=match.kind == PACKAGE)
            found.setdefault((kind, match.name), _Found(index.version(match.name)))
    nodes = sorted((_node(key, each), key) for key, each in found.items())
    places = {key: place for place, (_, key) in enumerate(nodes)}
    return Graph(
        tuple(node for node, _ in nodes),
        tuple(
            _arrow(places[source], places[target], several)
            for (source, target), several in sorted(arrows.items())
        ),
    )


def _leading(index: Index, matches: Sequence[Match]) -> Iterator[c.Edge]:
    """The edges on chains to the things, and those from distributions and files among them."""
    waiting = [edge for match in matches for edge in index.edges_to(match)]
    waiting += [
        edge for match in matches if match.kind in (DISTRIBUTION, FILE) for edge in index.edges_of(match)
    ]
    seen: set[tuple[str, str, str | None]] = set()
    while waiting:
        edge = waiting.pop(0)
        key = edge.file, edge.needs, edge.found
        if key not in seen:
            seen.add(key)
            yield edge
            waiting += index.parents(edge)


def _owner(index: Index, edge: c.Edge) -> _Key:
    name = name_of(edge.owner)
    return _kind(index, name, package=index.by_package(edge)), name


def _target(index: Index, edge: c.Edge) -> _Key:
    if edge.status == c.DRIVER:
        return c.DRIVER, edge.provider or edge.needs
    if edge.status in _MISSING or edge.provider is None:
        return edge.status, edge.needs
    name = name_of(edge.provider)
    return _kind(index, name, package=edge.status in (c.APT, c.BASE)), name


def _kind(index: Index, name: str, *, package: bool) -> str:
    if not package:
        return c.NVIDIA if name.startswith(NVIDIA_WHEEL) else "distribution"
    return c.APT if name in index.closure.packages or name in index.closure.superfluous else c.BASE


def _version(index: Index, edge: c.Edge) -> str:
    if edge.status in _MISSING:
        return ""
    return index.version(name_of(edge.provider or ""))


def _node(key: _Key, found: _Found) -> Node:
    kind, name = key
    version = found.version
    if kind == c.PLUGIN:
        version = "not there"
    elif kind == c.UNRESOLVED:
        version = "nothing has it"
    elif found.missing:
        version = f"{version} not in the image yet".strip()
    sonames = () if kind in (c.PLUGIN, c.UNRESOLVED) else tuple(sorted(found.sonames))
    return Node(kind, name, version, sonames, found.missing)


def _arrow(source: int, target: int, several: Iterable[c.Edge]) -> Arrow:
    edges = list(several)
    status = max((edge.status for edge in edges), key=_ORDER.index)
    sonames = sorted({edge.needs for edge in edges})
    files = sorted({shown(edge.file) for edge in edges})
    return Arrow(source, target, status, tuple(sonames), tuple(files))
