"""Paths inside a root: absolute, with links followed there and never out of it.

What is at a path is for subclasses to say: a folder on disk (root.py), or a stack of layers of which only
facts are known (stacked.py). Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in
the images.
"""

from __future__ import annotations

import posixpath

_MAX_LINKS = 40


class Paths:
    """Follows paths. What was found is remembered until `forget`."""

    def __init__(self) -> None:
        self._real: dict[str, str | None] = {"/": "/"}

    def target(self, path: str) -> str | None:
        """What a link at a path says; empty for anything else that is there, None when nothing is.

        Args:
            path: its folder has no links in it.
        """
        raise NotImplementedError

    def real(self, path: str) -> str | None:
        """The path without links and `..`; None when nothing is there."""
        return self._resolve(path, 0)

    def forget(self) -> None:
        """Lets go of what was found before something changed."""
        self._real = {"/": "/"}

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
        target = self.target(here)
        if not target:
            return None if target is None else here
        if links < _MAX_LINKS:
            return self._resolve(posixpath.join(folder, target), links + 1)
        return None
