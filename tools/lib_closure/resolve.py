"""Finds out for each library that an environment needs where it comes from, by the loader's own rules.

The files that programs open, and those of packages that were added, are loaded from the facts of the
stacked layers (//tools/elf_scan). An edge that the loader satisfies is told by where the library lies; what
one is that it does not satisfy, lost.py says.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from tools.elf_scan import dpkg, ldso
from tools.elf_scan import loader as ld
from tools.elf_scan.facts import Libraries
from tools.elf_scan.stacked import StackedLibraries
from tools.elf_scan.versions import missing_versions
from tools.lib_closure import closure as c
from tools.lib_closure.hints import Hint, Hints
from tools.lib_closure.image import Image, Index
from tools.lib_closure.lost import Lost, Need
from tools.lib_closure.openers import opened
from tools.lib_closure.owners import Owner, Owners, distribution_of


class Resolver:
    """Resolves one image."""

    def __init__(self, image: Image, index: Index, hints: Hints) -> None:
        self._image, self._index, self._hints = image, index, hints
        self.stack = StackedLibraries((*image.base, *image.added, *image.wheels))
        self._loader = ld.Loader(self.stack, image.library_path)
        self._owners = Owners(self.stack, image.wheels, image.added)
        self._machine = ldso.ARCHITECTURES[image.arch]
        self._edges: dict[tuple[str, str, str | None], c.Edge] = {}
        self._bad_versions: dict[tuple[str, str], tuple[ld.Edge, list[str]]] = {}
        self._lost = Lost(self.stack, self._owners, index, hints, image.arch)

    def edges(self) -> list[c.Edge]:
        """All edges from files of the environment and of added packages, sorted."""
        mine, _ = self._files((*self._image.wheels, *self._image.added))
        tops = opened(self._loader, mine)
        # What a plugin and another file both lead to is the other one's.
        order = sorted(tops, key=self.is_plugin)
        lost = [need for path in order for need in self._settle(tops[path])]
        for need, hint in self._opened_by_name():
            lost += self._open(need, hint)
        for edge in self._lost.explained(lost):
            self._add(edge)
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
        return self._lost.named(soname)

    def fits(self, real: str) -> bool:
        """Whether a file is for the image's machine."""
        elf = dict(self.stack.files())[real].elf
        return (elf.machine, elf.bits) == self._machine

    def is_plugin(self, real: str) -> bool:
        """Whether a file may lack what it needs, say the hints."""
        return self._lost.plugin_of(Need(real, self._owners.of(real), "", (real,))) is not None

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

    def _settle(self, edges: Sequence[ld.Edge]) -> list[Need]:
        """Notes the edges that the loader satisfies, but those of the base; returns the others."""
        lost = []
        for edge in edges:
            known = (edge.needer.real, edge.name, edge.found.real if edge.found else None)
            if known in self._edges:
                continue
            owner = self._owners.of(edge.needer.real)
            if owner.status == c.BASE:
                continue
            need = Need(edge.needer.real, owner, edge.name, edge.needer.chain(), edge.stop)
            if edge.found is None:
                lost.append(need)
                continue
            missing = missing_versions(edge)
            plugin = self._lost.plugin_of(need)
            if missing and not plugin:
                self._bad_versions.setdefault((edge.needer.real, edge.name), (edge, missing))
            provider = self._owners.of(edge.found.real, edge.found.path)
            status = provider.status
            if status == c.WHEEL and provider.name != owner.name:
                status = c.SIBLING
            elif status == c.APT and plugin:
                status = c.PLUGIN
            self._add(
                c.Edge(
                    edge.needer.real,
                    str(owner),
                    edge.name,
                    status,
                    edge.found.real,
                    str(provider),
                    edge.needer.chain(),
                    plugin.why if plugin and status == c.PLUGIN else None,
                )
            )
        return lost

    def _add(self, edge: c.Edge) -> None:
        self._edges.setdefault((edge.file, edge.needs, edge.found), edge)

    def _opened_by_name(self) -> list[tuple[Need, Hint]]:
        """What distributions and packages open themselves, say the hints."""
        needs = []
        for hint in self._hints.dlopen:
            owner = self._owners.distribution(hint.distribution)
            if owner is not None:
                needs += [(Need(owner.name, owner, name, (owner.name,)), hint) for name in hint.sonames]
        for hint in self._hints.packages:
            owner = self._owners.package(hint.package)
            if owner is not None:
                needs += [(Need(owner.name, owner, name, (owner.name,)), hint) for name in hint.sonames]
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

    def _open(self, need: Need, hint: Hint) -> list[Need]:
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
