"""Remembers uploads that were begun, so that a push that was killed goes on in the middle of a blob.

An entry is a small file in the user's cache with the address that the registry gave to the upload. It is
locked while it is used: two pushes of one blob don't write to one upload.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_OLD = 7 * 24 * 3600


class Entry:
    """Where the upload of one blob goes on; an entry without a file forgets at the end."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self.place = ""
        if file:
            try:
                self.place = str(json.loads(file.read_bytes())["place"])
            except (OSError, ValueError, KeyError, TypeError):
                self.place = ""

    def store(self, place: str) -> None:
        """Remembers an address; an empty one is nothing to go on with."""
        self.place = place
        if self._file:
            try:
                self._file.write_text(json.dumps({"place": place, "version": 1}) if place else "")
            except OSError:
                self._file = None  # it is an aid: a full disk or a read-only home does not stop a push


class Journal:
    """Entries in a folder; without one nothing is remembered."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @staticmethod
    def of(environ: Mapping[str, str]) -> Journal:
        """In the user's cache, where old entries are removed."""
        home = Path(environ.get("HOME") or "/nonexistent")
        folder = Path(environ.get("XDG_CACHE_HOME") or home / ".cache", "pycuda/uploads")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for file in folder.iterdir():
                if file.stat().st_mtime < time.time() - _OLD:
                    file.unlink()
        except OSError:
            return Journal()
        return Journal(folder)

    @contextmanager
    def entry(self, repository: str, digest: str) -> Iterator[Entry]:
        """The entry of a blob of a repository, for one upload at a time."""
        if not self._folder:
            yield Entry()
            return
        file = self._folder / hashlib.sha256(f"{repository}@{digest}".encode()).hexdigest()
        try:
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            yield Entry()
            return
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield Entry()
                return
            entry = Entry(file)
            yield entry
            if not entry.place:
                file.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
