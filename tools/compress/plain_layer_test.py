"""Layers that rules_pkg archives are compressed by the program here, whichever version that is."""

import gzip
import io
import os
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

# The files of a program are itself and its sources.
_PROGRAM = next(path for path in os.environ["COMPRESS"].split() if Path(path).name == "compress")
_LAYERS = os.environ["LAYERS"].split()


def _compressed(plain: bytes) -> bytes:
    return subprocess.run([_PROGRAM], input=plain, stdout=subprocess.PIPE, check=True).stdout


def test_the_content_alone_decides() -> None:
    plain = b"layer" * 100_000
    first = _compressed(plain)
    time.sleep(1.1)  # gzip counts seconds
    assert _compressed(plain) == first
    assert gzip.decompress(first) == plain
    # RFC 1952: neither a name nor a comment; no time; the best compression.
    assert first[:9] == b"\x1f\x8b\x08" + bytes([0]) + bytes(4) + b"\x02"


@pytest.mark.parametrize("layer", _LAYERS)
def test_of_the_layers(layer: str) -> None:
    data = Path(layer).read_bytes()
    plain = gzip.decompress(data)
    assert data == _compressed(plain)
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        assert archive.getnames()
