"""A file system made of stacked layers, in memory: names, links, and what a reader keeps of each file.

Each layer is streamed once and nothing is unpacked. Layers are applied as the OCI image specification says:
a later entry replaces an earlier one, `.wh.NAME` removes NAME and `.wh..wh..opq` everything that the layers
below put into the folder. Folders reached through symbolic links (`/lib` -> `usr/lib`) are followed.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from tools.common.errors import ToolError
from tools.image_run.layout import Image, verified
from tools.image_run.streams import open_tar

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_MAX_LINKS = 40


@dataclass(eq=False)
class File:
    """A file of any kind but those below; hard links share the object, as they share an inode."""

    content: bytes | None = None


@dataclass(frozen=True, eq=False)
class Link:
    """A symbolic link."""

    target: str


@dataclass(eq=False)
class Folder:
    """A folder; two paths lead to the same one when they give the same object."""

    entries: dict[str, Node] = field(default_factory=dict)
    mode: int = 0o755
    uid: int = 0
    gid: int = 0


Node = File | Link | Folder


class Stack:
    """The stacked layers. Paths are absolute; every look-up follows symbolic links inside the stack."""

    def __init__(self) -> None:
        self.root = Folder()

    def read(self, path: str, size: int, stream: BinaryIO) -> File:
        """What is kept of a regular file; here nothing."""
        return File()

    def add_layer(self, path: Path) -> None:
        """Applies a layer: a tar file, plain or compressed with gzip or zstd."""
        members = list(self._members(path))
        for name, _ in members:
            self._whiteout(name)
        for name, node in members:
            if not posixpath.basename(name).startswith(_WHITEOUT):
                self._put(name, node, path)

    def add_image(self, image: Image) -> None:
        """Applies all layers of an image, each after its digest was checked."""
        for number, layer in enumerate(image.layers, 1):
            self.add_layer(verified(image.layout, layer, f"layer {number} of {len(image.layers)}"))

    def node(self, path: str) -> Node | None:
        """What is at the path, links followed; None when nothing is or when links go in circles."""
        return self._walk(self.root, [], path, 0)

    def content(self, path: str) -> bytes | None:
        """The content of a file, if it was kept (see Files in tools/elf_scan/ldso.py)."""
        node = self.node(path)
        return node.content if isinstance(node, File) else None

    def names(self, path: str) -> list[str]:
        """The names in a folder."""
        node = self.node(path)
        return sorted(node.entries) if isinstance(node, Folder) else []

    def path_of(self, folder: Folder) -> str:
        """The path of a folder without any link in it."""
        return next(path or "/" for path, node in self.walk() if node is folder)

    def walk(self) -> Iterator[tuple[str, Node]]:
        """Every path with its own node, links not followed, folders before what is in them."""
        folders = [("", self.root)]
        yield folders[0]
        while folders:
            path, folder = folders.pop()
            for name, node in sorted(folder.entries.items()):
                yield f"{path}/{name}", node
                if isinstance(node, Folder):
                    folders.append((f"{path}/{name}", node))

    def _walk(self, folder: Folder, parents: list[Folder], path: str, links: int) -> Node | None:
        """Follows `path` from `folder`, whose own parents are given, so that `..` is right behind links."""
        if path.startswith("/"):
            folder, parents = self.root, []
        chain = [*parents, folder]
        node: Node | None = folder
        parts = [part for part in path.split("/") if part not in ("", ".")]
        for number, part in enumerate(parts):
            if part == "..":
                chain = chain[:-1] or [self.root]
                node = chain[-1]
                continue
            node = chain[-1].entries.get(part)
            if isinstance(node, Link):
                if links == _MAX_LINKS:
                    return None
                rest = posixpath.join(node.target, *parts[number + 1 :])
                return self._walk(chain[-1], chain[:-1], rest, links + 1)
            if isinstance(node, Folder):
                chain.append(node)
            elif number < len(parts) - 1:
                return None
        return node

    def _whiteout(self, name: str) -> None:
        folder, base = posixpath.split(name)
        if not base.startswith(_WHITEOUT):
            return
        node = self.node(folder)
        if isinstance(node, Folder):
            if base == _OPAQUE:
                node.entries.clear()
            else:
                node.entries.pop(base.removeprefix(_WHITEOUT), None)

    def _put(self, name: str, node: Node | str, layer: Path) -> None:
        parent, base = posixpath.split(name)
        if not base:
            return
        folder = self._make(parent, layer)
        if isinstance(node, str):
            node = self._linked(name, node, layer)
        there = folder.entries.get(base)
        if isinstance(node, Folder) and isinstance(there, Folder):
            there.mode, there.uid, there.gid = node.mode, node.uid, node.gid
        else:
            folder.entries[base] = node

    def _linked(self, name: str, target: str, layer: Path) -> Node:
        """The node that a hard link names; itself, when that is a symbolic link."""
        parent, base = posixpath.split(target)
        folder = self.node(parent)
        node = folder.entries.get(base) if isinstance(folder, Folder) else None
        if node is None or isinstance(node, Folder):
            raise ToolError(f"{name} is a hard link to {target}, which is not a file", file=layer)
        return node

    def _make(self, path: str, layer: Path) -> Folder:
        """The folder at the path, made when it is missing."""
        node = self.node(path)
        if node is None:
            parent, base = posixpath.split(path)
            node = self._make(parent, layer).entries.setdefault(base, Folder())
        if not isinstance(node, Folder):
            raise ToolError(f"{path} is used as a folder and is none", file=layer)
        return node

    def _members(self, path: Path) -> Iterator[tuple[str, Node | str]]:
        """The entries of a layer: an absolute path and a node, or the path that a hard link names."""
        try:
            with open_tar(path) as archive:
                for member in archive:
                    yield self._member(archive, member, path)
        except tarfile.TarError as error:
            raise ToolError(f"not a whole tar: {error}", file=path) from error

    def _member(
        self, archive: tarfile.TarFile, member: tarfile.TarInfo, layer: Path
    ) -> tuple[str, Node | str]:
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise ToolError(f"{member.name!r} leaves the root", file=layer)
        name = "/" + "/".join(parts)
        if member.isdir():
            return name, Folder(mode=member.mode & 0o7777, uid=member.uid, gid=member.gid)
        if member.issym():
            return name, Link(member.linkname)
        if member.islnk():
            return name, posixpath.normpath("/" + member.linkname)
        data = archive.extractfile(member)
        return name, self.read(name, member.size, cast(BinaryIO, data)) if data else File()
