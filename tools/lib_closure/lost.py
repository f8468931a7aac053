"""What an edge is that the loader does not satisfy. In this order it is

1. the driver's, 2. loaded by the package before, says a hint, 3. in a wheel of NVIDIA's in the environment,
4. not needed: the file is a plugin, says a hint, or a variant of which another one loads,
5. in a Debian package, unless the loader gives up before it gets there, 6. unresolved, which is a problem.

A library of the same name elsewhere in the environment satisfies nothing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tools.elf_scan.stacked import StackedLibraries
from tools.lib_closure import closure as c
from tools.lib_closure.hints import Hint, Hints
from tools.lib_closure.image import Index
from tools.lib_closure.owners import Owner, Owners

_SITE_PACKAGES = re.compile(r".*?/lib(?:64)?/python3\.[0-9]+/site-packages/")


@dataclass(frozen=True)
class Need:
    """Somebody needs a library.

    Attributes:
        file: who needs it.
        owner: whom the file belongs to.
        name: the library.
        via: the files from the one that was opened to `file`, both included.
        stop: what has that name, cannot be loaded and ends the loader's search.
    """

    file: str
    owner: Owner
    name: str
    via: tuple[str, ...]
    stop: str | None = None


class Lost:
    """Explains the needs of one image that the loader does not satisfy."""

    def __init__(
        self, stack: StackedLibraries, owners: Owners, index: Index, hints: Hints, arch: str
    ) -> None:
        self._stack, self._owners, self._index, self._hints = stack, owners, index, hints
        self._arch = arch
        self._named: dict[str, list[str]] = {}
        for path, library in stack.files():
            for name in {posixpath.basename(path), library.elf.soname or ""}:
                self._named.setdefault(name, []).append(path)

    def named(self, soname: str) -> list[str]:
        """The files in the image with a name, wherever they are."""
        return self._named.get(soname, [])

    def explained(self, lost: Sequence[Need]) -> Iterator[c.Edge]:
        """An edge for each need; of one that comes up twice, the one that matters is first."""
        idle = self._idle_variants(lost)
        edges = [self._explain(need, idle) for need in lost]
        # What a plugin may lack, another file that is opened may not.
        yield from sorted(edges, key=lambda edge: edge.status == c.PLUGIN)

    def plugin_of(self, need: Need) -> Hint | None:
        """The entry by which the file, or the one that was opened, may lack what it needs."""
        for path in {need.file: None, need.via[0]: None}:
            hint = self._hints.plugin_of(need.owner.name, _in_site_packages(path))
            if hint:
                return hint
        return None

    def _explain(self, need: Need, idle: dict[str, Hint]) -> c.Edge:
        edge = c.Edge(need.file, str(need.owner), need.name, c.UNRESOLVED, via=need.via)
        driver = self._hints.driver_of(need.name)
        if driver:
            return replace(edge, status=c.DRIVER, provider="NVIDIA's driver", why=driver.why)
        for hint in self._hints.preloads_of(need.owner.name, need.name):
            for real in self.named(need.name):
                if self._owners.of(real).name == hint.origin:
                    provider = str(self._owners.of(real))
                    return replace(edge, status=c.PRELOAD, found=real, provider=provider, why=hint.why)
        # What Debian's own libraries need Debian has.
        hints = self._hints.components_of(need.name) if need.owner.status == c.WHEEL else ()
        components = {hint.wheel: hint for hint in hints}
        for real in self.named(need.name) if components else ():
            component = components.get(self._owners.of(real).name)
            if component:
                provider = str(self._owners.of(real))
                return replace(edge, status=c.NVIDIA, found=real, provider=provider, why=component.why)
        plugin = idle.get(need.via[0]) or self.plugin_of(need)
        if plugin:
            return replace(edge, status=c.PLUGIN, why=plugin.why)
        if need.stop:
            return replace(edge, why=f"{need.stop} has that name and cannot be loaded")
        package = None if components else self._index.package(need.name, self._arch)
        if package:
            return replace(edge, status=c.APT, provider=package)
        return edge

    def _idle_variants(self, lost: Sequence[Need]) -> dict[str, Hint]:
        """The files of variants that may lack something, as another one loads, with the entry for them."""
        idle: dict[str, Hint] = {}
        for hint in self._hints.variants:
            owner = self._owners.distribution(hint.distribution)
            if owner is None:
                continue
            groups = [group for globs in hint.groups if (group := self._in_group(owner, globs))]
            best = min(groups, key=lambda group: self._lacks(group, lost), default=None)
            idle |= {path: hint for group in groups if group is not best for path in group}
        return idle

    def _in_group(self, owner: Owner, globs: tuple[str, ...]) -> list[str]:
        group = Hint("", files=globs)
        return [
            path
            for path, _ in self._stack.files()
            if self._owners.of(path).name == owner.name and group.has(_in_site_packages(path))
        ]

    def _lacks(self, group: list[str], lost: Sequence[Need]) -> tuple[int, int]:
        """How much a variant lacks: of what nothing has, and of what packages have."""
        needs = [need for need in lost if need.via[0] in group or need.file in group]
        found = [self._explain(need, {}).status for need in needs]
        return found.count(c.UNRESOLVED), found.count(c.APT)


def _in_site_packages(path: str) -> str:
    return _SITE_PACKAGES.sub("", path)
