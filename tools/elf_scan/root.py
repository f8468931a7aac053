"""A folder seen as a root file system: paths are absolute inside it and links never lead outside.

Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in the images.
"""

from __future__ import annotations

import os
import posixpath
import stat

_MAX_LINKS = 40
_MAX_CONTENT = 1 << 20


class Root:
    """A file system to look around in. Look-ups are remembered: it must not change meanwhile."""

    def __init__(self, folder: str = "/") -> None:
        self._folder = os.path.realpath(folder).rstrip("/")
        self._real: dict[str, str | None] = {"/": "/"}

    def host(self, path: str) -> str:
        """The path outside, for an absolute path that `real` gave."""
        return self._folder + path

    def real(self, path: str) -> str | None:
        """The path without links and `..`; None when nothing is there."""
        return self._resolve(path, 0)

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

    def _resolve(self, path: str, links: int) -> str | None:
        if path not in self._real:
            self._real[path] = self._look_up(path, links)
        return self._real[path]

    def _look_up(self, path: str, links: int) -> str | None:
        parent, name = posixpath.split(path.rstrip("/"))
        if not parent.startswith("/"):
            return None
        folder = self._resolve(parent, links)
        if folder is None or name in ("", "."):
            return folder
        if name == "..":
            return posixpath.dirname(folder)
        here = posixpath.join(folder, name)
        try:
            mode = os.lstat(self.host(here)).st_mode
            if not stat.S_ISLNK(mode):
                return here
            if links < _MAX_LINKS:
                return self._resolve(posixpath.join(folder, os.readlink(self.host(here))), links + 1)
        except OSError:
            pass
        return None
