"""A file system made of stacked layers, in memory: names, links and what ldconfig wants to know of each file.

Each layer is streamed once and nothing is unpacked. Layers are applied as the OCI image specification says:
a later entry replaces an earlier one, `.wh.NAME` removes NAME and `.wh..wh..opq` everything that the layers
below put into the folder. Folders reached through symbolic links (`/lib` -> `usr/lib`) are followed.
"""

from __future__ import annotations

import gzip
import posixpath
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from tools.common.errors import ToolError
from tools.elf_scan import elf
from tools.ld_cache.abi_note import oldest_kernel

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_MAX_LINKS = 40
_MAX_CONF = 1 << 16
_SPOOL = 32 << 20
_GENERATOR = re.compile(rb"ldconfig [^\0]{1,200} release version [0-9.]+")


@dataclass(eq=False)
class File:
    """A regular file; hard links share the object, as they share an inode."""

    elf: elf.Elf | None = None
    content: bytes | None = None
    generator: bytes | None = None
    oldest_kernel: int = 0


@dataclass(frozen=True, eq=False)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder; two paths lead to the same one when they give the same object."""

    entries: dict[str, Node] = field(default_factory=dict)


Node = File | Link | Folder


class Tree:
    """The stacked layers. Paths are absolute; every look-up follows symbolic links inside the tree."""

    def __init__(self) -> None:
        self.root = Folder()

    def add_layer(self, path: Path) -> None:
        """Applies a layer, compressed with gzip or not."""
        members = list(_members(path))
        for name, _ in members:
            self._whiteout(name)
        for name, node in members:
            if not posixpath.basename(name).startswith(_WHITEOUT):
                self._put(name, node, path)

    def node(self, path: str) -> Node | None:
        """What is at the path, links followed; None when nothing is or when links go in circles."""
        return self._walk(self.root, [], path, 0)

    def content(self, path: str) -> bytes | None:
        """The content of a small configuration file (see Files in tools/elf_scan/ldso.py)."""
        node = self.node(path)
        return node.content if isinstance(node, File) else None

    def names(self, path: str) -> list[str]:
        """The names in a folder."""
        node = self.node(path)
        return sorted(node.entries) if isinstance(node, Folder) else []

    def path_of(self, folder: Folder) -> str:
        """The path of a folder without any link in it."""
        paths = {"": self.root}
        while paths:
            below: dict[str, Folder] = {}
            for path, parent in paths.items():
                if parent is folder:
                    return path or "/"
                for name, node in parent.entries.items():
                    if isinstance(node, Folder):
                        below[f"{path}/{name}"] = node
            paths = below
        raise KeyError(folder)

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
        if not (isinstance(node, Folder) and isinstance(folder.entries.get(base), Folder)):
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


def _members(path: Path) -> Iterator[tuple[str, Node | str]]:
    """The entries of a layer: an absolute path and a node, or the path that a hard link names."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    yield _member(archive, member, path)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ToolError(f"not a whole .tar or .tar.gz: {error}", file=path) from error


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo, layer: Path) -> tuple[str, Node | str]:
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ToolError(f"{member.name!r} leaves the root", file=layer)
    name = "/" + "/".join(parts)
    if member.isdir():
        return name, Folder()
    if member.issym():
        return name, Link(member.linkname)
    if member.islnk():
        return name, posixpath.normpath("/" + member.linkname)
    data = archive.extractfile(member)
    return name, _file(name, member.size, cast(BinaryIO, data)) if data else File()


def _file(name: str, size: int, stream: BinaryIO) -> File:
    """Reads of a file what ldconfig would read."""
    base = posixpath.basename(name)
    if size <= _MAX_CONF and (name.startswith("/etc/") or base.endswith(".conf")):
        return File(content=stream.read())
    head = stream.read(elf.HEADER_SIZE)
    if not head.startswith(elf.MAGIC):
        return File()
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
        spool.write(head)
        shutil.copyfileobj(stream, spool, 1 << 20)
        try:
            facts = elf.read_stream(cast(BinaryIO, spool))
        except elf.ElfError:
            facts = None
        kernel = oldest_kernel(cast(BinaryIO, spool)) if facts and facts.dynamic else 0
        generator = None
        if base in ("ldconfig", "ldconfig.real"):
            spool.seek(0)
            match = _GENERATOR.search(spool.read())
            generator = match.group() if match else None
    return File(elf=facts, generator=generator, oldest_kernel=kernel)
