"""Opens a layer's blob as a stream of plain tar, and hashes what comes out.

The compression is told by the first bytes, since media types are often wrong. gzip may have many members
and zstd many frames; a Python before 3.14 needs the program `zstd` for those.
"""

import contextlib
import hashlib
import importlib
import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, cast

from tools.common.errors import ToolError
from tools.common.inflate import DeflateError, GzipFile

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_CHUNK = 1 << 18


def _module() -> ModuleType | None:
    try:
        return importlib.import_module("compression.zstd")
    except ImportError:
        return None


_MODULE = _module()
_DAMAGE = (OSError, EOFError, DeflateError, *([_MODULE.ZstdError] if _MODULE else []))


class _Reader(io.RawIOBase):
    """Passes bytes on."""

    def __init__(self, source: BinaryIO, name: Path) -> None:
        super().__init__()
        self._source = source
        self._name = name

    def read(self, size: int = -1) -> bytes:
        """Reads as any file does; bytes that cannot be decompressed are a ToolError."""
        try:
            return self._source.read(size)
        except _DAMAGE as error:
            raise ToolError(f"cannot be decompressed: {error}", file=self._name) from None


class HashingReader(_Reader):
    """Passes bytes on and keeps their SHA-256."""

    def __init__(self, source: BinaryIO, name: Path) -> None:
        super().__init__(source, name)
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Reads as any file does; bytes that cannot be decompressed are a ToolError."""
        data = super().read(size)
        self._digest.update(data)
        return data

    def digest(self) -> str:
        """Reads what is left (tar readers stop early) and returns the digest of everything."""
        while self.read(_CHUNK):
            pass
        return f"sha256:{self._digest.hexdigest()}"


@contextlib.contextmanager
def open_layer(blob: Path) -> Iterator[HashingReader]:
    """The uncompressed bytes of a layer, as one stream."""
    with _plain(blob) as plain:
        yield HashingReader(plain, blob)


@contextlib.contextmanager
def open_tar(blob: Path) -> Iterator[tarfile.TarFile]:
    """The entries of a layer, or of a layer part, to be read in their order."""
    with _plain(blob) as plain:
        stream = cast(BinaryIO, _Reader(plain, blob))
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            yield archive


@contextlib.contextmanager
def _plain(blob: Path) -> Iterator[BinaryIO]:
    with blob.open("rb", buffering=0) as file:
        raw = cast(BinaryIO, file)
        magic = raw.read(4)
        raw.seek(0)
        if magic.startswith(_GZIP):
            with GzipFile(fileobj=raw, mode="rb") as plain:
                yield cast(BinaryIO, plain)
        elif magic == _ZSTD:
            with _zstd(raw, blob) as unpacked:
                yield unpacked
        else:
            yield raw


@contextlib.contextmanager
def _zstd(raw: BinaryIO, blob: Path) -> Iterator[BinaryIO]:
    if _MODULE:
        with _MODULE.open(raw) as plain:
            yield plain
        return
    program = shutil.which("zstd")
    if program is None:
        raise ToolError(
            "the layer is compressed with zstd, and there is no program zstd",
            file=blob,
            remedy="apt-get install zstd, or take Python 3.14",
        )
    with subprocess.Popen(
        [program, "-dcq"], stdin=raw, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        yield cast(BinaryIO, _Output(process))


class _Output:
    """What a program writes; its end is none unless the program succeeds."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._process, self._stream = process, process.stdout

    def read(self, size: int = -1) -> bytes:
        """Reads as any file does."""
        data = self._stream.read(size)
        if not data and size and self._process.wait():
            raise EOFError("zstd failed")
        return data
