"""Does what the dynamic loader would do with a file, without running it.

The rules are those of ld.so(8) and of glibc's elf/dl-load.c. From the file that is opened (by dlopen, as
Python opens an extension module), NEEDED libraries are loaded breadth first. A name that an already loaded
library was asked for by, or has as SONAME, is taken from there. Else it is searched in

1. DT_RPATH of the file that needs it and of those that loaded that one, unless it has a DT_RUNPATH;
2. LD_LIBRARY_PATH;
3. DT_RUNPATH of the file that needs it, and of no other;
4. ld.so.cache, or the folders of ld.so.conf, of which ldconfig makes it; then the system folders.

Files of another class or machine are passed over; at anything else of that name that cannot be loaded, a text
or a broken file, the search ends. Runs on Python 3.9 and later.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tools.elf_scan import elf, ldso

_PLATFORMS = {elf.EM_X86_64: "x86_64", elf.EM_AARCH64: "aarch64", elf.EM_386: "i686", elf.EM_ARM: "v7l"}
_TOKEN = re.compile(r"\$(?:(ORIGIN|LIB|PLATFORM)\b|\{(ORIGIN|LIB|PLATFORM)\})")


class Files(ldso.Files, Protocol):
    """A file system to load from: a Root on disk, or StackedLibraries of layers."""

    def real(self, path: str) -> str | None:
        """The path without links and `..`; None when nothing is there."""

    def read(self, real: str) -> elf.Elf | None:
        """The facts of what is there, by such a path; None when it is no ELF file."""


@dataclass(frozen=True)
class Loaded:
    """A file in the process: its path as the loader found it, without links, and what made it load."""

    path: str
    real: str
    facts: elf.Elf
    parent: Loaded | None = None

    def chain(self) -> tuple[str, ...]:
        """The real paths from the file that was opened to this one."""
        return (*(self.parent.chain() if self.parent else ()), self.real)


@dataclass(frozen=True)
class Edge:
    """A file needs a library.

    Attributes:
        needer: the file.
        name: the library, as the file names it: NEEDED, or one that it asks for symbol versions.
        found: what the loader takes; None when it would fail.
        stop: where it would, if that is at something of that name which cannot be loaded.
    """

    needer: Loaded
    name: str
    found: Loaded | None
    stop: str | None = None


@dataclass(frozen=True)
class _Hit:
    """What a search ends with; without facts it is nothing that can be loaded."""

    path: str
    real: str
    facts: elf.Elf | None


class Loader:
    """Loads files of one file system; facts and searches are shared by all of them."""

    def __init__(self, files: Files, library_path: str = "", cache: Mapping[str, str] | None = None) -> None:
        """Loads from a file system.

        Args:
            files: the file system.
            library_path: LD_LIBRARY_PATH.
            cache: what ld.so.cache says, name to path; the folders of ld.so.conf count if it is None.
        """
        self._files = files
        self._cache = cache
        self._library_path = ldso.path_list(library_path)
        self._configured = ldso.configured_dirs(files)
        self._facts: dict[str, elf.Elf | None] = {}
        self._searches: dict[tuple[str, tuple[str, ...], int, int, bool], _Hit | None] = {}

    def facts(self, real: str) -> elf.Elf | None:
        """The facts of a file; None when the loader could not load it."""
        facts = self._read(real)
        return facts if facts is not None and facts.loadable else None

    def load(self, path: str) -> list[Edge]:
        """All edges that come into being when the file is opened; empty when it cannot be."""
        real = self._files.real(path)
        facts = self.facts(real) if real is not None else None
        if real is None or facts is None:
            return []
        first = Loaded(path, real, facts)
        queue, edges = [first], []
        by_name = {facts.soname: first} if facts.soname else {}
        by_file = {real: first}
        for needer in queue:
            for name in self._needs(needer):
                found, stop = by_name.get(name), None
                if found is None:
                    found, stop = self._find(name, needer)
                    if found is not None and found.real in by_file:
                        found = by_file[found.real]
                    elif found is not None:
                        queue.append(found)
                        by_file[found.real] = found
                        by_name.setdefault(found.facts.soname or name, found)
                    if found is not None:
                        by_name[name] = found
                edges.append(Edge(needer, name, found, stop))
        edges += [edge for needer in queue for edge in _asked_besides(needer, by_name)]
        return edges

    def _read(self, real: str) -> elf.Elf | None:
        if real not in self._facts:
            self._facts[real] = self._files.read(real)
        return self._facts[real]

    def _needs(self, needer: Loaded) -> list[str]:
        """NEEDED, and the interpreter that the kernel loads with a program."""
        needs = list(needer.facts.needed)
        if needer.facts.interpreter and needer.parent is None:
            needs.append(needer.facts.interpreter)
        return needs

    def _find(self, name: str, needer: Loaded) -> tuple[Loaded | None, str | None]:
        """What the loader takes, or where it gives up."""
        if "/" in name:
            hit = self._search("", tuple(self._expand(name, needer)), needer.facts)
        else:
            hit = self._search(name, tuple(self._folders(name, needer)), needer.facts)
        if hit is None:
            return None, None
        if hit.facts is None:
            return None, hit.real
        return Loaded(hit.path, hit.real, hit.facts, needer), None

    def _folders(self, name: str, needer: Loaded) -> list[str]:
        """The folders in the order in which the loader searches them; of the cache, the file itself."""
        facts, folders = needer.facts, []
        above: Loaded | None = needer if facts.runpath is None else None
        while above is not None:
            if above.facts.rpath is not None and above.facts.runpath is None:
                folders += self._expand(above.facts.rpath, above)
            above = above.parent
        folders += self._library_path
        if facts.runpath is not None:
            folders += self._expand(facts.runpath, needer)
        system = ldso.system_dirs(facts.machine, facts.bits)
        configured = self._configured
        if self._cache is not None:
            configured = [self._cache[name]] if name in self._cache else []
        if not facts.nodeflib:
            return folders + configured + system
        if self._cache is not None:
            return folders + [path for path in configured if not path.startswith(_inside(system))]
        return folders + [path for path in configured if path not in system]

    def _expand(self, paths: str, of: Loaded) -> list[str]:
        """A path list with $ORIGIN, $LIB and $PLATFORM replaced, without folders relative to the cwd."""
        triplet = ldso.TRIPLETS.get((of.facts.machine, of.facts.bits))
        values = {
            "ORIGIN": posixpath.dirname(of.path),
            "LIB": f"lib/{triplet}" if triplet else "lib",
            "PLATFORM": _PLATFORMS.get(of.facts.machine, ""),
        }
        expanded = (_TOKEN.sub(lambda match: values[match[1] or match[2]], path) for path in paths.split(":"))
        return [path for path in expanded if path.startswith("/")]

    def _search(self, name: str, folders: tuple[str, ...], like: elf.Elf) -> _Hit | None:
        key = (name, folders, like.machine, like.bits, like.little)
        if key not in self._searches:
            self._searches[key] = self._search_now(name, folders, like)
        return self._searches[key]

    def _search_now(self, name: str, folders: tuple[str, ...], like: elf.Elf) -> _Hit | None:
        cached = self._cache.get(name) if self._cache is not None else None
        for folder in folders:
            path = posixpath.join(folder, name) if name and folder != cached else folder
            real = self._files.real(path)
            if real is None:
                continue
            there = self._read(real)
            if there is None or _fit(there, like):
                return _Hit(path, real, self.facts(real))
        return None


def _asked_besides(needer: Loaded, by_name: Mapping[str, Loaded]) -> list[Edge]:
    """Edges to libraries that a file asks for symbol versions and leaves to others to name as NEEDED.

    Not to those that nobody here names: the program that opens the file may have loaded them.
    """
    asked = [need.library for need in needer.facts.version_needs if need.library not in needer.facts.needed]
    return [Edge(needer, name, by_name[name]) for name in asked if name in by_name]


def _inside(folders: list[str]) -> tuple[str, ...]:
    """How paths in folders begin."""
    return tuple(f"{folder}/" for folder in folders)


def _fit(one: elf.Elf, other: elf.Elf) -> bool:
    """Whether two files could be in one process; else the loader goes on to the next folder."""
    return (one.machine, one.bits, one.little) == (other.machine, other.bits, other.little)
