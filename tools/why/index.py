"""A library closure seen from its parts: who owns a file, who has a library, what a user's word means."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from tools.common.names import canonical
from tools.lib_closure import closure as c

PACKAGE, SONAME, DISTRIBUTION, FILE = "package", "soname", "distribution", "file"
_SITE_PACKAGES = re.compile(r".*?/lib(?:64)?/python3\.[0-9]+/site-packages/")
_OF_PACKAGES = (c.BASE, c.APT)
_OF_WHEELS = (c.WHEEL, c.SIBLING, c.NVIDIA, c.PRELOAD)


def shown(path: str) -> str:
    """A file as people know it: relative to site-packages where it lies there."""
    return _SITE_PACKAGES.sub("", path)


def name_of(owner: str) -> str:
    """The name of an owner, which has its version behind a blank."""
    return owner.partition(" ")[0]


def of_data(edge: c.Edge) -> bool:
    """Whether it is no library that is needed but a package, for its data."""
    return "/" not in edge.file and edge.needs == name_of(edge.provider or "")


@dataclass(frozen=True)
class Match:
    """Something in the image that the user named: what it is, and its name or its path in the image."""

    kind: str
    name: str


class Index:
    """Looks things up in a closure."""

    def __init__(self, closure: c.Closure) -> None:
        self.closure = closure
        self._finders: dict[str, list[c.Edge]] = {}
        self._providers: dict[str, list[c.Edge]] = {}
        for edge in closure.edges:
            if edge.found is not None and not of_data(edge):
                self._finders.setdefault(edge.found, []).append(edge)
            if edge.provider is not None and edge.status != c.DRIVER:
                self._providers.setdefault(name_of(edge.provider), []).append(edge)

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """Debian packages that something needs, and layers of the base without any; and the superfluous."""
        found = {name_of(edge.provider) for edge in self._of(_OF_PACKAGES) if edge.provider}
        return tuple(sorted(found | self.closure.packages.keys() | set(self.closure.superfluous)))

    @cached_property
    def distributions(self) -> tuple[str, ...]:
        """Distributions with files that need something, or that are needed."""
        found = {name_of(edge.owner) for edge in self.closure.edges if not self.by_package(edge)}
        found |= {name_of(edge.provider) for edge in self._of(_OF_WHEELS) if edge.provider}
        copies = (copy for each in self.closure.duplicates for copy in each.copies)
        found |= {name_of(copy.owner) for copy in copies if _SITE_PACKAGES.match(copy.path)}
        return tuple(sorted(found))

    @cached_property
    def sonames(self) -> tuple[str, ...]:
        """What is needed, whoever has it."""
        return tuple(sorted({edge.needs for edge in self.closure.edges if not of_data(edge)}))

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Files that need something, and those that are needed."""
        found = {edge.file for edge in self.closure.edges if "/" in edge.file} | self._finders.keys()
        return tuple(sorted(found))

    def by_package(self, edge: c.Edge) -> bool:
        """Whether it is a Debian package that needs the library."""
        name = name_of(edge.owner)
        if name not in self._names_of_packages or _SITE_PACKAGES.match(edge.file):
            return False
        return "/" in edge.file or name not in self._in_site_packages

    def parents(self, edge: c.Edge) -> list[c.Edge]:
        """Why the file that needs something is there: the edges that lead to it; none for a wheel's."""
        if not self.by_package(edge):
            return []
        # A file of a package that nothing loads is there as the others are.
        package = name_of(edge.owner)
        others = [each for each in self._providers.get(package, ()) if name_of(each.owner) != package]
        return self._finders.get(edge.file, others)

    def version(self, name: str) -> str:
        """The version of a package or distribution; empty when nothing says."""
        return self._versions.get(name, "")

    def edges_of(self, match: Match) -> list[c.Edge]:
        """What a distribution or a file needs."""
        if match.kind == FILE:
            return [edge for edge in self.closure.edges if edge.file == match.name]
        return [
            edge
            for edge in self.closure.edges
            if name_of(edge.owner) == match.name
            and self.by_package(edge) == (match.kind == PACKAGE)
            and name_of(edge.provider or "") != match.name
        ]

    def edges_to(self, match: Match) -> list[c.Edge]:
        """The edges that end at a thing; those from within it are no reason and are left out."""
        if match.kind == FILE:
            return list(self._finders.get(match.name, []))
        if match.kind == SONAME:
            return [edge for edge in self.closure.edges if edge.needs == match.name]
        statuses = _OF_PACKAGES if match.kind == PACKAGE else _OF_WHEELS
        return [
            edge
            for edge in self._providers.get(match.name, ())
            if edge.status in statuses and name_of(edge.owner) != match.name
        ]

    def matches(self, text: str) -> list[Match]:
        """What a user means by a package, a distribution, a soname or a path, with `*` if he likes."""
        if "/" in text:
            return list(_matching(FILE, self.files, text, lambda path: {path, shown(path)}))
        return [
            *_matching(PACKAGE, self.packages, text.partition(":")[0], lambda name: {name}),
            *_matching(DISTRIBUTION, self.distributions, canonical(text), lambda name: {name}),
            *_matching(SONAME, self.sonames, text, lambda name: {name}),
        ] or list(_matching(FILE, self.files, text, lambda path: {posixpath.basename(path)}))

    def close(self, text: str) -> list[str]:
        """Names that look like one that is nowhere."""
        files = self.files if "/" in text else ()
        names = {*self.packages, *self.distributions, *self.sonames, *map(shown, files)}
        lower: dict[str, str] = {}
        for name in sorted(names):
            lower.setdefault(name.lower(), name)
        inside = [name for name in sorted(names) if len(text) > 2 and text.lower() in name.lower()]
        alike = [lower[each] for each in get_close_matches(text.lower(), lower, n=5)]
        return list(dict.fromkeys(alike + inside))[:5]

    @cached_property
    def _names_of_packages(self) -> frozenset[str]:
        return frozenset(self.packages)

    @cached_property
    def _in_site_packages(self) -> set[str]:
        return {name_of(edge.owner) for edge in self.closure.edges if _SITE_PACKAGES.match(edge.file)}

    @cached_property
    def _versions(self) -> dict[str, str]:
        owners = [edge.owner for edge in self.closure.edges]
        owners += [edge.provider for edge in self.closure.edges if edge.provider and edge.status != c.DRIVER]
        return {name_of(owner): owner.partition(" ")[2] for owner in owners if " " in owner}

    def _of(self, statuses: tuple[str, ...]) -> Iterator[c.Edge]:
        return (edge for edge in self.closure.edges if edge.status in statuses)


def _matching(
    kind: str, names: Iterable[str], text: str, aliases: Callable[[str], set[str]]
) -> Iterator[Match]:
    for name in names:
        if any(alias == text or fnmatch.fnmatchcase(alias, text) for alias in aliases(name)):
            yield Match(kind, name)
