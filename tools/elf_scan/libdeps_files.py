"""The files that the command find-libdeps looks at: every ELF file below some folders, whatever its name.

Runs on Python 3.9 and later, for it is part of the command in the images.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from tools.elf_scan import elf
from tools.elf_scan.root import Root

_KERNEL = ("/proc", "/sys", "/dev")  # what is there is made up on the spot, comes and goes, and is no library


def elf_files(root: Root, folders: list[str], broken: list[tuple[str, str]]) -> Iterator[tuple[str, elf.Elf]]:
    """The loadable files, sorted by path. Links are left out: their targets are met themselves."""
    for path in _files(root, folders, broken):
        try:
            facts = elf.read_path(root.host(path))
        except elf.NotElfError:
            continue
        except elf.UnreadableError as error:
            broken.append((path, f"cannot be read: {error}"))
            continue
        except elf.ElfError as error:
            broken.append((path, f"not readable as ELF: {error}"))
            continue
        if facts.loadable:
            yield path, facts


def _files(root: Root, folders: list[str], broken: list[tuple[str, str]]) -> Iterator[str]:
    """Every regular file that has content, once. One that is gone or forbidden is reported, not raised."""
    seen: set[str] = set()
    for folder in folders:
        start = root.real(folder)
        for path in _below(root, start, broken) if start is not None else ():
            if path not in seen:
                seen.add(path)
                yield path


def _below(root: Root, start: str, broken: list[tuple[str, str]]) -> Iterator[str]:
    """The regular files with content at and below a path, in the order of their names."""
    waiting = [start]
    while waiting:
        path = waiting.pop()
        try:
            facts = os.lstat(root.host(path))
            names = os.listdir(root.host(path)) if stat.S_ISDIR(facts.st_mode) else []
        except OSError as error:
            broken.append((path, f"cannot be read: {error.strerror}"))
            continue
        inside = (os.path.join(path, name) for name in sorted(names, reverse=True))
        waiting += [path for path in inside if path not in _KERNEL]
        if stat.S_ISREG(facts.st_mode) and facts.st_size:
            yield path
