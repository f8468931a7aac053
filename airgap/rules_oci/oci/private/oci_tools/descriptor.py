"""Describe one layer: its digest, the digest of the tar inside, its compression and its size.

Bazel runs `descriptor LAYER OUTPUT LABEL` once a layer (mnemonic OCIDescriptor), however many images
share it.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .errors import ToolError

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
BLOCK = 512
# Small on purpose: at the end of each gzip member the rest of the chunk is copied, and layers may have
# one member a file.
GZIP_CHUNK = 16 * 1024
CHUNK = 1024 * 1024
CREATED = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class Layer:
    """What a manifest and a config say about a layer."""

    digest: str
    diff_id: str
    compression: str
    size: int


def describe(path: Path) -> Layer:
    """Hash a layer as it is stored and as it unpacks."""
    with path.open("rb") as stream:
        magic = stream.read(4)
        stream.seek(0)
        if magic.startswith(GZIP_MAGIC):
            compression, chunks = "gzip", _gunzip(stream, path)
        elif magic == ZSTD_MAGIC:
            compression, chunks = "zstd", _unzstd(stream, path)
        else:
            compression, chunks = "", _read(stream, CHUNK)
        diff_id = _hash_tar(chunks, path)
    if not compression:
        return Layer(diff_id, diff_id, compression, path.stat().st_size)
    with path.open("rb") as stream:
        return Layer(
            "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest(),
            diff_id,
            compression,
            path.stat().st_size,
        )


def _hash_tar(chunks: Iterator[bytes], path: Path) -> str:
    digest, size, head = hashlib.sha256(), 0, b""
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        if len(head) < BLOCK:
            head += chunk[: BLOCK - len(head)]
            if len(head) == BLOCK and not _is_tar_header(head):
                raise ToolError("is not a tar archive, plain or compressed with gzip or zstd", file=path)
    if size % BLOCK:
        problem = "is not a tar archive" if size < BLOCK else "is a tar archive that was cut short"
        raise ToolError(f"{problem}: {size} bytes are no multiple of {BLOCK}", file=path)
    return "sha256:" + digest.hexdigest()


def _is_tar_header(block: bytes) -> bool:
    """Whether a block has a right checksum, or is the zeros that end an archive."""
    if not block.strip(b"\0"):
        return True
    try:
        stored = int(block[148:156].split(b"\0")[0].strip() or b"x", 8)
    except ValueError:
        return False
    return stored == sum(block[:148]) + 8 * ord(" ") + sum(block[156:])


def _read(stream: IO[bytes], size: int) -> Iterator[bytes]:
    while chunk := stream.read(size):
        yield chunk


def _gunzip(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    """All members of a gzip file; zeros after the last one are padding."""
    member = zlib.decompressobj(wbits=31)
    between = False
    try:
        for chunk in _read(stream, GZIP_CHUNK):
            data = chunk
            while data:
                if between:
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    member, between = zlib.decompressobj(wbits=31), False
                yield member.decompress(data)
                data = member.unused_data
                between = member.eof
    except zlib.error as error:
        raise ToolError(f"has damaged gzip data: {error}", file=path) from error
    if not between:
        raise ToolError("is a gzip file that was cut short", file=path)


def _unzstd(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    """All frames of a zstd file, by Python 3.14's own module or else by the zstd program."""
    try:
        zstd = importlib.import_module("compression.zstd")
    except ImportError:
        yield from _run_zstd(path)
        return
    try:
        with zstd.open(stream, "rb") as frames:
            while chunk := frames.read(CHUNK):
                yield chunk
    except EOFError as error:
        raise ToolError("is a zstd file that was cut short", file=path) from error
    except zstd.ZstdError as error:
        raise ToolError(f"has damaged zstd data: {error}", file=path) from error


def _run_zstd(path: Path) -> Iterator[bytes]:
    program = shutil.which("zstd")
    if program is None:
        raise ToolError(
            "is compressed with zstd, and neither Python's own module nor the zstd program is here",
            file=path,
            remedy="Install the package zstd, or use Python 3.14 or later.",
        )
    with (
        path.open("rb") as stream,
        subprocess.Popen(
            [program, "--decompress", "--stdout"],
            stdin=stream,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        yield from _read(process.stdout, CHUNK)
        reason = process.stderr.read().decode(errors="replace").strip()
    if process.returncode:
        raise ToolError(f"has damaged zstd data: {reason}", file=path)


def main(args: list[str]) -> int:
    """`LAYER OUTPUT LABEL`"""
    layer_path, output, label = args
    layer = describe(Path(layer_path))
    description = {
        "digest": layer.digest,
        "diffid": layer.diff_id,
        "compression": layer.compression,
        "size": layer.size,
        "history": {"created": CREATED, "created_by": f"bazel build {label}"},
    }
    Path(output).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    return 0
