"""Reads a layer, or the archive of files in a Debian package, and tells what the dynamic loader would see.

The archive is streamed once. Of a file that does not begin as ELF files do, nothing but the name is kept; an
ELF file is spooled, for what the loader reads lies in several places of it.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from tools.common.errors import ToolError
from tools.elf_scan import dpkg, elf, ldso
from tools.elf_scan.facts import Libraries, Library
from tools.image_run.streams import open_tar

_WHITEOUT = ".wh."
_MAX_CONF, _MAX_CACHE = 1 << 16, 1 << 24
_SPOOL = 32 << 20


def scan_layer(path: Path) -> Libraries:
    """Reads a layer: a tar file, plain or compressed with gzip or zstd."""
    try:
        with open_tar(path) as archive:
            return scan_archive(archive, path.name)
    except tarfile.TarError as error:
        raise ToolError(f"not a whole tar: {error}", file=path) from error
    except ToolError as error:
        raise ToolError(error.problem, file=error.file or path, remedy=error.remedy) from None


def scan_archive(archive: tarfile.TarFile, source: str) -> Libraries:
    """Reads an archive that may be a stream.

    Args:
        archive: the archive, of which nothing was read yet.
        source: its name, for people.
    """
    found = _Found()
    for member in archive:
        path = _path(member.name)
        if posixpath.basename(path).startswith(_WHITEOUT):
            found.whiteouts.append(path)
            continue
        found.forget(path)
        if member.issym():
            found.links[path] = member.linkname
        elif member.islnk():
            found.link(path, _path(member.linkname))
        elif member.isreg() and (data := archive.extractfile(member)):
            found.read(path, member.size, cast(BinaryIO, data))
        elif not member.isdir():
            found.others.add(path)
    return found.libraries(source)


class _Found:
    """What was met so far. In an archive the later of two entries with one path is the one that counts."""

    def __init__(self) -> None:
        self.whiteouts: list[str] = []
        self.links: dict[str, str] = {}
        self.others: set[str] = set()
        self._files: dict[str, Library] = {}
        self._conf: dict[str, str] = {}
        self._errors: dict[str, str] = {}
        self._lists: dict[str, bytes] = {}
        self._states: dict[str, bytes] = {}
        self._tables = (self.links, self._files, self._conf, self._errors, self._lists, self._states)

    def forget(self, path: str) -> None:
        """Lets go of an earlier entry."""
        for table in self._tables:
            cast("dict[str, object]", table).pop(path, None)
        self.others.discard(path)

    def link(self, path: str, target: str) -> None:
        """A hard link is the file that it names; one to a layer below, which nothing forbids, leads there."""
        tables = [cast("dict[str, object]", table) for table in self._tables if target in table]
        for table in tables:
            table[path] = table[target]
        if target in self.others:
            self.others.add(path)
        elif not tables:
            self.links[path] = target

    def read(self, path: str, size: int, stream: BinaryIO) -> None:
        """A regular file."""
        if (size <= _MAX_CONF and _is_conf(path)) or (size <= _MAX_CACHE and path == ldso.CACHE):
            self._conf[path] = os.fsdecode(stream.read())
        elif posixpath.dirname(path) == dpkg.INFO and path.endswith(".list"):
            self._lists[path] = stream.read()
        elif path == dpkg.STATUS or posixpath.dirname(path) == dpkg.STATUS + ".d":
            self._states[path] = stream.read()
        elif (head := stream.read(elf.HEADER_SIZE)).startswith(elf.MAGIC):
            try:
                self._files[path] = Library(size, _elf(head, stream))
                return
            except elf.ElfError as error:
                self._errors[path] = str(error)
        self.others.add(path)

    def libraries(self, source: str) -> Libraries:
        """All of it."""
        lists = [(posixpath.basename(path), content) for path, content in sorted(self._lists.items())]
        return Libraries(
            source,
            files=self._files,
            links=self.links,
            others=tuple(sorted(self.others)),
            whiteouts=tuple(sorted(self.whiteouts)),
            conf=self._conf,
            owners=dpkg.owners_in(lists, [*self._files, *self.links]),
            packages=dpkg.versions_in(b"\n\n".join(self._states.values())),
            errors=self._errors,
        )


def _elf(head: bytes, stream: BinaryIO) -> elf.Elf:
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
        spool.write(head)
        shutil.copyfileobj(stream, spool, 1 << 20)
        return elf.read_stream(cast(BinaryIO, spool))


def _is_conf(path: str) -> bool:
    """Whether the loader's configuration may include it; packages keep parts of it beside their libraries."""
    name = posixpath.basename(path)
    folder = posixpath.dirname(path)
    return (
        path == ldso.CONF
        or folder == ldso.CONF + ".d"
        or name == posixpath.basename(ldso.CONF)
        or (name.endswith(".conf") and path.startswith("/etc/"))
    )


def _path(name: str) -> str:
    """The absolute path of an entry."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ToolError(f"the entry {name!r} leaves the root")
    return "/" + "/".join(parts)
