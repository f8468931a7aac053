"""Finds out for each library that an environment needs where it comes from, by the loader's own rules.

The files that programs open, and those of packages that were added, are loaded from the facts of the
stacked layers (//tools/elf_scan). An edge that the loader satisfies is told by where the library lies. One
that it does not satisfy is, in this order,

1. the driver's, 2. loaded by the package before, says a hint, 3. in a wheel of NVIDIA's in the environment,
4. not needed: the file is a plugin, says a hint, or a variant of which another one loads,
5. in a Debian package, 6. unresolved, which is a problem.

A library of the same name elsewhere in the environment satisfies nothing; it is mentioned.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from tools.elf_scan import dpkg, ldso
from tools.elf_scan import loader as ld
from tools.elf_scan.facts import Libraries
from tools.elf_scan.stacked import StackedLibraries
from tools.elf_scan.versions import missing_versions
from tools.lib_closure import closure as c
from tools.lib_closure.hints import Hint, Hints
from tools.lib_closure.openers import opened
from tools.lib_closure.owners import Owner, Owners, distribution_of

_MACHINES = {"amd64": (62, 64), "arm64": (183, 64)}
_SITE_PACKAGES = re.compile(r".*?/lib(?:64)?/python3\.[0-9]+/site-packages/")


class Index(Protocol):
    """Which package of a suite has which library (see //tools/sonames)."""

    @property
    def suite(self) -> str:
        """The suite's name."""

    def package(self, soname: str, arch: str) -> str | None:
        """The package whose library the loader finds by that name."""


@dataclass(frozen=True)
class Image:
    """The layers of an image.

    Attributes:
        arch: Debian's name of the architecture.
        base: all layers below, the lowest first.
        added: the packages that are laid on it for the environment's sake: a layer, or .debs.
        wheels: the environment.
        library_path: LD_LIBRARY_PATH in the image.
    """

    arch: str
    base: tuple[Libraries, ...]
    added: tuple[Libraries, ...]
    wheels: tuple[Libraries, ...]
    library_path: str = ""


@dataclass(frozen=True)
class _Need:
    """Somebody needs a library and the loader finds none."""

    file: str
    owner: Owner
    name: str
    via: tuple[str, ...]


class Resolver:
    """Resolves one image."""

    def __init__(self, image: Image, index: Index, hints: Hints) -> None:
        self._image, self._index, self._hints = image, index, hints
        self.stack = StackedLibraries((*image.base, *image.added, *image.wheels))
        self._loader = ld.Loader(self.stack, image.library_path)
        self._owners = Owners(self.stack, image.wheels, image.added)
        self._machine = _MACHINES[image.arch]
        self._edges: dict[tuple[str, str, str | None], c.Edge] = {}
        self._bad_versions: dict[tuple[str, str], tuple[ld.Edge, list[str]]] = {}
        self._named: dict[str, list[str]] = {}
        for path, library in self.stack.files():
            for name in {posixpath.basename(path), library.elf.soname or ""}:
                self._named.setdefault(name, []).append(path)

    def edges(self) -> list[c.Edge]:
        """All edges from files of the environment and of added packages, sorted."""
        mine, _ = self._files((*self._image.wheels, *self._image.added))
        tops = opened(self._loader, mine)
        lost = [need for found in tops.values() for need in self._settle(found)]
        for need, hint in self._opened_by_name():
            lost += self._open(need, hint)
        chosen = self._variants(lost)
        for need in lost:
            self._add(self._explain(need, chosen))
        for edge in self._data():
            self._add(edge)
        return sorted(self._edges.values(), key=lambda edge: (edge.file, edge.needs, edge.found or ""))

    def foreign(self) -> tuple[str, ...]:
        """The environment's files for another machine than the image's; nothing can load them there."""
        return tuple(self._files(self._image.wheels)[1])

    def distributions(self) -> set[str]:
        """The names of the environment's distributions."""
        return {distribution_of(wheel.source).name for wheel in self._image.wheels}

    def wrong_versions(self) -> list[tuple[ld.Edge, list[str]]]:
        """Edges whose library lacks symbol versions, and which; to be asked for after `edges`."""
        return [self._bad_versions[key] for key in sorted(self._bad_versions)]

    def unreached(self, reached: Iterable[str]) -> tuple[str, ...]:
        """Added packages with libraries, none of which is needed.

        Args:
            reached: names of the packages that are.
        """
        added = {package for layer in self._image.added for package in layer.owners.values()}
        return tuple(sorted(added - set(reached)))

    def named(self, soname: str) -> list[str]:
        """The files in the image with a name, wherever they are."""
        return self._named.get(soname, [])

    def owner(self, real: str) -> Owner:
        """Whom a file belongs to."""
        return self._owners.of(real)

    def _files(self, layers: Iterable[Libraries]) -> tuple[list[str], list[str]]:
        """The loadable files of some layers, and those of another machine."""
        mine: list[str] = []
        foreign: list[str] = []
        wanted = {id(layer) for layer in layers}
        for path, library in self.stack.files():
            if id(self.stack.layer(path)) in wanted and library.elf.loadable:
                fits = (library.elf.machine, library.elf.bits) == self._machine
                (mine if fits else foreign).append(path)
        return mine, foreign

    def _settle(self, edges: Sequence[ld.Edge]) -> list[_Need]:
        """Notes the edges that the loader satisfies, but those of the base; returns the others."""
        lost = []
        for edge in edges:
            known = (edge.needer.real, edge.name, edge.found.real if edge.found else None)
            if known in self._edges:
                continue
            owner = self._owners.of(edge.needer.real)
            if owner.status == c.BASE:
                continue
            if edge.found is None:
                lost.append(_Need(edge.needer.real, owner, edge.name, edge.needer.chain()))
                continue
            missing = missing_versions(edge)
            if missing:
                self._bad_versions.setdefault((edge.needer.real, edge.name), (edge, missing))
            provider = self._owners.of(edge.found.real, edge.found.path)
            status = provider.status
            if status == c.WHEEL and provider.name != owner.name:
                status = c.SIBLING
            self._add(
                c.Edge(
                    edge.needer.real,
                    str(owner),
                    edge.name,
                    status,
                    edge.found.real,
                    str(provider),
                    edge.needer.chain(),
                )
            )
        return lost

    def _add(self, edge: c.Edge) -> None:
        self._edges.setdefault((edge.file, edge.needs, edge.found), edge)

    def _opened_by_name(self) -> list[tuple[_Need, Hint]]:
        """What distributions and packages open themselves, say the hints."""
        needs = []
        for hint in self._hints.dlopen:
            owner = self._owners.distribution(hint.distribution)
            if owner is not None:
                needs += [(_Need(owner.name, owner, name, (owner.name,)), hint) for name in hint.sonames]
        for hint in self._hints.packages:
            owner = self._owners.package(hint.package)
            if owner is not None:
                needs += [(_Need(owner.name, owner, name, (owner.name,)), hint) for name in hint.sonames]
        return needs

    def _data(self) -> Iterator[c.Edge]:
        """Packages with what needed packages cannot do without, say the hints."""
        providers = {
            (edge.provider or "").partition(" ")[0] for edge in self._edges.values() if edge.status == c.APT
        }
        for hint in self._hints.data:
            for name in hint.others if hint.package in providers else ():
                version = self.stack.version(name)
                below = any(name in layer.packages for layer in self._image.base)
                yield c.Edge(
                    hint.package,
                    f"{hint.package} {self.stack.version(hint.package)}".rstrip(),
                    name,
                    c.BASE if below else c.APT,
                    dpkg.STATUS if version else None,
                    f"{name} {version}".rstrip(),
                    (hint.package,),
                    hint.why,
                )

    def _open(self, need: _Need, hint: Hint) -> list[_Need]:
        """Opens a library by its name, as dlopen does for the interpreter, which has no paths of its own."""
        folders = [*ldso.path_list(self._image.library_path), *ldso.configured_dirs(self.stack)]
        for folder in [*folders, *ldso.system_dirs(*self._machine)]:
            path = posixpath.join(folder, need.name)
            real = self.stack.real(path)
            facts = self._loader.facts(real) if real is not None else None
            if real is not None and facts is not None and (facts.machine, facts.bits) == self._machine:
                provider = self._owners.of(real, path)
                self._add(
                    c.Edge(
                        need.file,
                        str(need.owner),
                        need.name,
                        provider.status,
                        real,
                        str(provider),
                        need.via,
                        hint.why,
                    )
                )
                return self._settle(self._loader.load(path))
        package = self._index.package(need.name, self._image.arch)
        if package is None:
            return [need]
        self._add(c.Edge(need.file, str(need.owner), need.name, c.APT, None, package, need.via, hint.why))
        return []

    def _explain(self, need: _Need, chosen: dict[str, Hint]) -> c.Edge:
        """What an edge is that the loader does not satisfy; see the module."""
        edge = c.Edge(need.file, str(need.owner), need.name, c.UNRESOLVED, via=need.via)
        driver = self._hints.driver_of(need.name)
        if driver:
            return replace(edge, status=c.DRIVER, provider="NVIDIA's driver", why=driver.why)
        for hint in self._hints.preloads_of(need.owner.name, need.name):
            for real in self._named.get(need.name, ()):
                if self._owners.of(real).name == hint.origin:
                    provider = str(self._owners.of(real))
                    return replace(edge, status=c.PRELOAD, found=real, provider=provider, why=hint.why)
        components = {hint.wheel: hint for hint in self._hints.components_of(need.name)}
        for real in self._named.get(need.name, ()) if components else ():
            component = components.get(self._owners.of(real).name)
            if component:
                provider = str(self._owners.of(real))
                return replace(edge, status=c.NVIDIA, found=real, provider=provider, why=component.why)
        plugin = chosen.get(need.via[0]) or self._plugin(need)
        if plugin:
            return replace(edge, status=c.PLUGIN, why=plugin.why)
        package = None if components else self._index.package(need.name, self._image.arch)
        if package:
            return replace(edge, status=c.APT, provider=package)
        return edge

    def _plugin(self, need: _Need) -> Hint | None:
        """The entry by which the file, or the one that was opened, may lack what it needs."""
        for path in {need.file: None, need.via[0]: None}:
            hint = self._hints.plugin_of(need.owner.name, _in_site_packages(path))
            if hint:
                return hint
        return None

    def _variants(self, lost: Sequence[_Need]) -> dict[str, Hint]:
        """The files of variants that may lack something, as another variant loads, with the entry for
        them.
        """
        idle: dict[str, Hint] = {}
        for hint in self._hints.variants:
            owner = self._owners.distribution(hint.distribution)
            if owner is None:
                continue
            groups = [self._in_group(owner, group) for group in hint.groups]
            groups = [group for group in groups if group]
            good = [group for group in groups if self._would_load(group, lost)]
            best = next((g for g in good if not self._lost_of(g, lost)), good[0] if good else None)
            for group in groups if best else ():
                if group is not best:
                    idle |= dict.fromkeys(group, hint)
        return idle

    def _in_group(self, owner: Owner, globs: tuple[str, ...]) -> list[str]:
        group = Hint("", files=globs)
        return [
            path
            for path, _ in self.stack.files()
            if self._owners.of(path).name == owner.name and group.has(_in_site_packages(path))
        ]

    def _would_load(self, group: list[str], lost: Sequence[_Need]) -> bool:
        """Whether packages have all that a variant lacks."""
        names = self._lost_of(group, lost)
        return all(
            self._hints.driver_of(name) or self._index.package(name, self._image.arch) for name in names
        )

    @staticmethod
    def _lost_of(group: list[str], lost: Sequence[_Need]) -> list[str]:
        return [need.name for need in lost if need.via[0] in group or need.file in group]


def _in_site_packages(path: str) -> str:
    return _SITE_PACKAGES.sub("", path)
