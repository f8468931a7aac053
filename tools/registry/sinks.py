"""Where the bytes of an answer go."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tools.registry.transport import Sink


class HashSink(Sink):
    """Takes bytes for their digest alone."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def restart(self) -> None:
        """Forgets what came before."""
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Takes more."""
        self._hash.update(data)

    @property
    def digest(self) -> str:
        """Of what came since the last restart."""
        return "sha256:" + self._hash.hexdigest()


class FileSink(HashSink):
    """Takes bytes to a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._file = path.open("wb")

    def restart(self) -> None:
        """Forgets what came before."""
        super().restart()
        self._file.seek(0)
        self._file.truncate()

    def write(self, data: bytes) -> None:
        """Takes more."""
        super().write(data)
        self._file.write(data)

    def __enter__(self) -> FileSink:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
