"""What has been seen of a file in a wheel, to be compared with what archive and RECORD say of it."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass

from tools.common.inflate import crc32


@dataclass(frozen=True)
class Recorded:
    """What RECORD says of a file."""

    algorithm: str
    digest: bytes
    size: int


class Content:
    """A file's content while it is read: size, CRC-32 and hash."""

    def __init__(self, info: zipfile.ZipInfo, recorded: Recorded | None) -> None:
        self._info, self._recorded = info, recorded
        self._hash = getattr(hashlib, recorded.algorithm)() if recorded else None
        self._crc = self._size = 0

    def add(self, data: bytes) -> str | None:
        """Takes some more; says what is wrong as soon as there is too much of it."""
        self._crc = crc32(data, self._crc)
        self._size += len(data)
        if self._hash is not None:
            self._hash.update(data)
        if self._size > self._info.file_size:
            return f"inflates to more than its {self._info.file_size} bytes"
        return None

    def problem(self) -> str | None:
        """What is wrong with the file, now that all of it was seen."""
        if (self._size, self._crc) != (self._info.file_size, self._info.CRC):
            return "its size or CRC differs from the one in the archive"
        if self._hash and self._recorded and self._hash.digest() != self._recorded.digest:
            return f"its {self._recorded.algorithm} differs from the one in RECORD"
        return None
