"""A folder on disk seen as a root file system.

Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in the images.
"""

from __future__ import annotations

import os
import stat

from tools.elf_scan import elf
from tools.elf_scan.paths import Paths

_MAX_CONTENT = 1 << 20


class Root(Paths):
    """A file system to look around in. Look-ups are remembered: it must not change meanwhile."""

    def __init__(self, folder: str = "/") -> None:
        super().__init__()
        self._folder = os.path.realpath(folder).rstrip("/")

    def host(self, path: str) -> str:
        """The path outside, for an absolute path that `real` gave."""
        return self._folder + path

    def target(self, path: str) -> str | None:
        """What a link says (see Paths); None also for what may not be looked at."""
        try:
            mode = os.lstat(self.host(path)).st_mode
            return os.readlink(self.host(path)) if stat.S_ISLNK(mode) else ""
        except OSError:
            return None

    def read(self, real: str) -> elf.Elf | None:
        """The facts of a file (see Files in loader.py)."""
        try:
            return elf.read_path(self.host(real))
        except elf.ElfError:
            return None

    def is_file(self, path: str) -> bool:
        """Whether a regular file is there."""
        real = self.real(path)
        return real is not None and stat.S_ISREG(os.lstat(self.host(real)).st_mode)

    def content(self, path: str) -> bytes | None:
        """The content of a regular file (see Files in ldso.py); None when it may not be read."""
        try:
            real = self.real(path)
            if real is None or not self.is_file(real):
                return None
            with open(self.host(real), "rb") as stream:
                return stream.read(_MAX_CONTENT)
        except OSError:
            return None

    def names(self, path: str) -> list[str]:
        """The names in a folder; empty when there is none or it may not be read."""
        real = self.real(path)
        try:
            return sorted(os.listdir(self.host(real))) if real is not None else []
        except OSError:
            return []
