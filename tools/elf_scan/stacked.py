"""A file system made of the facts of stacked layers: the loader (loader.py) loads from it as from a disk.

Layers are applied as the OCI image specification says: an entry replaces what lies below at its path,
`.wh.NAME` removes NAME, and `.wh..wh..opq` all that layers below have put into its folder. Folders that are
reached through links of a layer below (`/lib` -> `usr/lib`) are followed.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tools.elf_scan.elf import Elf
from tools.elf_scan.facts import Libraries, Library
from tools.elf_scan.paths import Paths

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_FOLDER, _OTHER = "folder", "other"


@dataclass(frozen=True)
class _Link:
    target: str


class StackedLibraries(Paths):
    """The stacked layers, the lowest first."""

    def __init__(self, layers: Iterable[Libraries]) -> None:
        super().__init__()
        self._nodes: dict[str, Library | _Link | str] = {"/": _FOLDER}
        self._conf: dict[str, str] = {}
        self._layers: dict[str, Libraries] = {}
        self._owners: dict[str, str] = {}
        self._packages: dict[str, str] = {}
        self._errors: dict[str, str] = {}
        for layer in layers:
            self._add(layer)

    def files(self) -> Iterator[tuple[str, Library]]:
        """The ELF files by path, sorted."""
        for path, node in sorted(self._nodes.items()):
            if isinstance(node, Library):
                yield path, node

    def broken(self) -> dict[str, str]:
        """The files that begin as ELF files do and are none, by path, sorted, with the reason."""
        return {path: text for path, text in sorted(self._errors.items()) if path in self._nodes}

    def layer(self, real: str) -> Libraries:
        """The layer that a file is from, by its real path."""
        return self._layers[real]

    def owner(self, *paths: str) -> str | None:
        """The Debian package that the file at one of the paths belongs to: a file's own path, or a link's."""
        for path in paths:
            folder, name = posixpath.split(path)
            there = self._owners.get(posixpath.join(self.real(folder) or folder, name))
            if there is not None:
                return there
        return None

    def version(self, package: str) -> str:
        """The version of a Debian package; empty when no layer says."""
        return self._packages.get(package, "")

    def target(self, path: str) -> str | None:
        """What a link says (see Paths)."""
        node = self._nodes.get(path)
        if node is None:
            return None
        return node.target if isinstance(node, _Link) else ""

    def read(self, real: str) -> Elf | None:
        """The facts of a file (see Files in loader.py)."""
        node = self._nodes.get(real)
        return node.elf if isinstance(node, Library) else None

    def content(self, path: str) -> bytes | None:
        """The content of a file of the loader's configuration (see Files in ldso.py)."""
        real = self.real(path)
        text = self._conf.get(real) if real is not None else None
        return None if text is None else os.fsencode(text)

    def names(self, path: str) -> list[str]:
        """The names in a folder; empty when there is none."""
        real = self.real(path)
        return sorted(posixpath.basename(each) for each in self._nodes if posixpath.dirname(each) == real)

    def merged(self, source: str) -> Libraries:
        """The layers as one, without what is hidden or removed.

        Args:
            source: what to call it.
        """
        nodes = sorted(self._nodes.items())
        return Libraries(
            source,
            files={path: node for path, node in nodes if isinstance(node, Library)},
            links={path: node.target for path, node in nodes if isinstance(node, _Link)},
            others=tuple(path for path, node in nodes if node == _OTHER),
            conf={path: text for path, text in sorted(self._conf.items()) if path in self._nodes},
            owners={path: owner for path, owner in sorted(self._owners.items()) if path in self._nodes},
            packages=dict(sorted(self._packages.items())),
            errors=self.broken(),
        )

    def _add(self, layer: Libraries) -> None:
        for path in layer.whiteouts:
            self._remove(path)
        self.forget()
        # Links first: they may be the folders of what else the layer has.
        for path, target in sorted(layer.links.items()):
            self._put(path, _Link(target), layer)
            self.forget()
        for path in layer.others:
            self._put(path, _OTHER, layer)
        for path, library in layer.files.items():
            self._put(path, library, layer)
        for path, text in layer.conf.items():
            self._conf[self._put(path, _OTHER, layer)] = text
        for path, text in layer.errors.items():
            self._errors[self._put(path, _OTHER, layer)] = text
        for path, package in layer.owners.items():
            folder, name = posixpath.split(path)
            self._owners[posixpath.join(self.real(folder) or folder, name)] = package

        self._packages.update(layer.packages)

    def _put(self, path: str, node: Library | _Link | str, layer: Libraries) -> str:
        folder, name = posixpath.split(path)
        here = posixpath.join(self._make(folder), name)
        if self._nodes.get(here) == _FOLDER:
            self._remove_below(here)
        for table in (self._conf, self._errors, self._owners):
            table.pop(here, None)
        self._nodes[here] = node
        self._layers[here] = layer
        return here

    def _make(self, path: str) -> str:
        """The folder's real path; it is made when it is missing."""
        real = self.real(path)
        if real is not None:
            return real
        parent, name = posixpath.split(path.rstrip("/"))
        here = posixpath.join(self._make(parent), name)
        self._nodes[here] = _FOLDER
        self.forget()
        return here

    def _remove(self, whiteout: str) -> None:
        folder, name = posixpath.split(whiteout)
        real = self.real(folder)
        if real is None:
            return
        if name == _OPAQUE:
            self._remove_below(real)
        else:
            here = posixpath.join(real, name.removeprefix(_WHITEOUT))
            self._remove_below(here)
            self._nodes.pop(here, None)

    def _remove_below(self, real: str) -> None:
        inside = real.rstrip("/") + "/"
        for path in [path for path in self._nodes if path.startswith(inside) and path != "/"]:
            del self._nodes[path]
