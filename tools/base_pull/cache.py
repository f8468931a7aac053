"""Blobs that were pulled once, for the next output base.

It is a help and nothing more: a blob is hashed before it is used, what is damaged is as good as absent, and a
cache that can't be written is none. `rm -r` of the folder is safe at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_VARIABLE = "PYCUDA_BLOBS"


def sha256(path: Path) -> str:
    """The digest of a file."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


@dataclass(frozen=True)
class Cache:
    """A folder of blobs; None is a cache that has nothing and takes nothing."""

    folder: Path | None

    @staticmethod
    def of(environ: Mapping[str, str]) -> Cache:
        """What $PYCUDA_BLOBS names, if it is not empty; else a folder in the user's cache."""
        if _VARIABLE in environ:
            return Cache(Path(environ[_VARIABLE]) if environ[_VARIABLE] else None)
        base = environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):
            home = environ.get("HOME", "")
            base = os.path.join(home, ".cache") if os.path.isabs(home) else ""
        return Cache(Path(base, "pycuda", "blobs") if base else None)

    def get(self, digest: str, output: Path) -> bool:
        """Puts a blob where it is wanted; False if it isn't here."""
        if not (cached := self._path(digest)):
            return False
        try:
            if sha256(cached) != digest:
                cached.unlink(missing_ok=True)
                return False
            place(cached, output)
        except OSError:
            return False
        return True

    def put(self, digest: str, blob: Path) -> None:
        """Keeps a blob whose digest was checked."""
        if cached := self._path(digest):
            with contextlib.suppress(OSError):
                if not cached.exists():
                    place(blob, cached)

    def _path(self, digest: str) -> Path | None:
        value = digest.removeprefix("sha256:")
        return self.folder / value[:2] / value if self.folder else None


def place(source: Path, target: Path) -> None:
    """Makes a file the other at once: another name of it, or a copy where that can't be."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    os.close(descriptor)
    try:
        os.unlink(scratch)
        try:
            os.link(source, scratch)
        except OSError:
            shutil.copyfile(source, scratch)
        os.replace(scratch, target)
    finally:
        Path(scratch).unlink(missing_ok=True)
