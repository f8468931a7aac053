"""Which libraries ldconfig would put into its cache, and which links it would make, for a tree.

The rules are those of glibc's ldconfig (elf/ldconfig.c and elf/readlib.c since 2.31), with Debian's list of
system folders. Left out are the hardware folders of old (`tls`, `haswell`, ...), which glibc 2.37 dropped and
no Debian package of these years fills; `glibc-hwcaps` took their place and is handled. In two corners glibc
itself has changed since Debian 12, whose way is followed: `DIR=libc6` in ld.so.conf, and the mark of 32-bit
libraries that do not need libc.so.6.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from tools.elf_scan import elf, ldso
from tools.elf_scan.ldso import ARCHITECTURES
from tools.ld_cache.cache import Entry, version_key
from tools.ld_cache.tree import File, Folder, Link, Tree

_HWCAPS = "glibc-hwcaps"
_LIBC5_OR_ANY, _LIBC6 = 1, 3
_X86_64, _X32, _AARCH64, _ARM_HARD, _ARM_SOFT = 0x0300, 0x0800, 0x0A00, 0x0900, 0x0B00
_ARM_EABI5, _ARM_FLOAT_HARD, _ARM_FLOAT_SOFT = 5, 0x400, 0x200
_LOADERS = ("ld-linux", "ld.so.", "ld64.so.")


@dataclass(frozen=True)
class Found:
    """The cache's entries in the order of their discovery, and `path -> target` of missing links."""

    entries: tuple[Entry, ...]
    links: tuple[tuple[str, str], ...]
    hwcaps: tuple[str, ...]


@dataclass(frozen=True)
class _SearchFolder:
    path: str
    folder: Folder
    hwcaps: str | None = None


@dataclass(frozen=True)
class _Library:
    """One name in a folder. `is_link` has ldconfig's meaning: a link that is known by its own name."""

    name: str
    soname: str
    flags: int
    is_link: bool
    file: File
    facts: elf.Elf


def search(tree: Tree, architecture: str) -> Found:
    """Looks through the folders as ldconfig would in an image of that architecture (`amd64`, `arm64`)."""
    entries: list[Entry] = []
    links: list[tuple[str, str]] = []
    folders = list(_folders(tree, architecture))
    for place in folders:
        for library in _libraries(tree, place, architecture):
            name = library.soname
            if place.hwcaps is not None:
                name = library.name
            elif not library.is_link and _needs_link(tree, place, library):
                links.append((posixpath.join(tree.path_of(place.folder), library.soname), library.name))
            level = library.facts.x86_isa_needed.bit_length() - 1 if library.facts.x86_isa_needed else 0
            path = posixpath.join(place.path, name)
            kernel = library.file.oldest_kernel
            entries.append(Entry(library.soname, path, library.flags, place.hwcaps, level, kernel))
    names = tuple(place.hwcaps for place in folders if place.hwcaps is not None)
    return Found(tuple(entries), tuple(links), names)


def ldconfig(tree: Tree) -> File | None:
    """The tree's own ldconfig. From glibc 2.33 on it signs its caches with File.generator."""
    for path in ("/sbin/ldconfig.real", "/usr/sbin/ldconfig.real", "/sbin/ldconfig", "/usr/sbin/ldconfig"):
        node = tree.node(path)
        if isinstance(node, File) and node.elf is not None:
            return node
    return None


def _folders(tree: Tree, architecture: str) -> Iterator[_SearchFolder]:
    """The folders in ldconfig's order, each once however many paths lead to it."""
    seen: list[Folder] = []
    for path in [*ldso.configured_dirs(tree), *ldso.system_dirs(*ARCHITECTURES[architecture])]:
        folder = tree.node(path)
        if not isinstance(folder, Folder) or folder in seen:
            continue
        seen.append(folder)
        yield _SearchFolder(path, folder)
        hwcaps = posixpath.join(path, _HWCAPS)
        for name in tree.names(hwcaps):
            if name.startswith(".") or ":" in name:
                continue
            below = tree.node(posixpath.join(hwcaps, name))
            if isinstance(below, Folder) and below not in seen:
                seen.append(below)
                yield _SearchFolder(posixpath.join(hwcaps, name), below, name)


def _libraries(tree: Tree, place: _SearchFolder, architecture: str) -> list[_Library]:
    """One library per soname: a file rather than a link, then the newest."""
    best: dict[str, _Library] = {}
    for name in sorted(place.folder.entries):
        library = _library(tree, place, name, architecture)
        if library is None:
            continue
        rival = best.get(library.soname)
        if (
            rival is None
            or (not library.is_link and rival.is_link)
            or (library.is_link == rival.is_link and version_key(rival.name) < version_key(name))
        ):
            best[library.soname] = library
    return list(best.values())


def _library(tree: Tree, place: _SearchFolder, name: str, architecture: str) -> _Library | None:
    entry = place.folder.entries[name]
    linked = isinstance(entry, Link)
    if not _is_library_name(name) and not (linked and place.hwcaps is not None):
        return None
    node = tree.node(posixpath.join(place.path, name))
    if not isinstance(node, File) or node.elf is None:
        return None
    facts = node.elf
    flags = _flags(facts, architecture)
    if facts.e_type != elf.ET_DYN or not facts.dynamic or flags is None:
        return None
    soname = facts.soname or name
    is_link = linked and (name == soname or (name.endswith(".so") and soname.startswith(name)))
    return _Library(name, name if is_link else soname, flags, is_link, node, facts)


def _needs_link(tree: Tree, place: _SearchFolder, library: _Library) -> bool:
    """Whether ldconfig would make the link SONAME -> NAME: nothing is there, or a link to another file."""
    there = place.folder.entries.get(library.soname)
    if there is None:
        return True
    if not isinstance(there, Link) or library.soname.startswith(_LOADERS):
        return False
    return tree.node(posixpath.join(place.path, library.soname)) is not library.file


def _is_library_name(name: str) -> bool:
    return (name.startswith(("lib", "ld-")) and ".so" in name) or name.startswith(("ld.so.", "ld64.so."))


def _flags(facts: elf.Elf, architecture: str) -> int | None:
    """The kind of library as the cache writes it; None for one that this architecture's ldconfig skips."""
    native = ARCHITECTURES[architecture]
    kind = (facts.machine, facts.bits)
    if kind == native:
        return _LIBC6 | (_X86_64 if architecture == "amd64" else _AARCH64)
    glibc = not {"libc.so.6", "libm.so.6"}.isdisjoint(facts.needed) or facts.interpreter is not None
    plain = _LIBC6 if glibc else _LIBC5_OR_ANY
    if architecture == "amd64":
        return {(elf.EM_X86_64, 32): _X32 | _LIBC6, (elf.EM_386, 32): plain}.get(kind)
    if kind != (elf.EM_ARM, 32):
        return None
    if facts.flags >> 24 != _ARM_EABI5:
        return plain
    if facts.flags & _ARM_FLOAT_HARD:
        return _ARM_HARD | _LIBC6
    return _ARM_SOFT | _LIBC6 if facts.flags & _ARM_FLOAT_SOFT else _LIBC6
