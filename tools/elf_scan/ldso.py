"""Where the dynamic loader looks: ld.so.conf, the folders built into Debian's glibc, and path lists.

What is read comes through `Files`, so the same rules hold for a folder on disk, for the running system and
for a stack of layers that nobody has unpacked. Runs on Python 3.9 and later, as part of `find-libdeps`.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from typing import Protocol

from tools.elf_scan.elf import EM_386, EM_AARCH64, EM_ARM, EM_X86_64

CONF, CACHE = "/etc/ld.so.conf", "/etc/ld.so.cache"
ARCHITECTURES = {"amd64": (EM_X86_64, 64), "arm64": (EM_AARCH64, 64)}
TRIPLETS = {
    (EM_X86_64, 64): "x86_64-linux-gnu",
    (EM_X86_64, 32): "x86_64-linux-gnux32",
    (EM_AARCH64, 64): "aarch64-linux-gnu",
    (EM_386, 32): "i386-linux-gnu",
    (EM_ARM, 32): "arm-linux-gnueabihf",
}
_MAX_INCLUDES = 16


class Files(Protocol):
    """A file system seen from its root; paths are absolute and symbolic links are followed inside it."""

    def content(self, path: str) -> bytes | None:
        """The content of a regular file; None when there is none."""

    def names(self, path: str) -> list[str]:
        """The names in a folder; empty when it is not a folder."""


def system_dirs(machine: int, bits: int) -> list[str]:
    """The folders that the loader of this machine searches last (SYSTEM_DIRS of Debian's glibc)."""
    triplet = TRIPLETS.get((machine, bits))
    multiarch = [f"/lib/{triplet}", f"/usr/lib/{triplet}"] if triplet else []
    return [*multiarch, "/lib", "/usr/lib"]


def configured_dirs(files: Files, conf: str = CONF, depth: int = 0) -> list[str]:
    """The folders of ld.so.conf and the files that it includes, in ldconfig's order, as they are written."""
    content = files.content(conf)
    if content is None or depth > _MAX_INCLUDES:
        return []
    found = []
    for raw in content.decode("utf-8", "surrogateescape").splitlines():
        line = raw.split("#", 1)[0].strip()
        word = line.split(maxsplit=1)
        if len(word) == 2 and word[0] == "include":
            for pattern in word[1].split():
                for name in _glob(files, posixpath.join(posixpath.dirname(conf), pattern)):
                    found += configured_dirs(files, name, depth + 1)
        elif len(word) == 2 and word[0].lower() == "hwcap":
            continue  # a directive of old, ignored by ldconfig too
        elif path := line.split("=", 1)[0].rstrip().rstrip("/"):
            found.append(path)
    return found


def path_list(text: str) -> list[str]:
    """The folders of an LD_LIBRARY_PATH, which may be separated by colons or semicolons."""
    return [part for part in re.split("[:;]", text) if part]


def _glob(files: Files, pattern: str) -> list[str]:
    """The paths that match a shell pattern, sorted as in the C locale. A missing file is no match."""
    paths = ["/"]
    for part in pattern.strip("/").split("/"):
        if any(char in part for char in "*?["):
            paths = [
                posixpath.join(path, name)
                for path in paths
                for name in sorted(files.names(path))
                if fnmatch.fnmatchcase(name, part) and (part[0] == "." or name[0] != ".")
            ]
        else:
            paths = [posixpath.join(path, part) for path in paths]
    return paths
