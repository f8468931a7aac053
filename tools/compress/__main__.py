"""Compresses standard input to standard output: the `compressor` of a pkg_tar that becomes a layer.

rules_pkg's own compression differs from version to version, and each difference is another digest of every
image. What is compressed here has neither a name nor a time in it.

    compress < layer.tar > layer.tar.gz
"""

import gzip
import shutil
import sys
from typing import BinaryIO

_LEVEL = 9


def compress(source: BinaryIO, target: BinaryIO) -> None:
    """Writes one member of gzip that depends on the content alone."""
    with gzip.GzipFile(filename="", mode="wb", fileobj=target, compresslevel=_LEVEL, mtime=0) as stream:
        shutil.copyfileobj(source, stream)


if __name__ == "__main__":
    compress(sys.stdin.buffer, sys.stdout.buffer)
