"""Writes a layer of the tests, of two parts: `make_layer FORMAT OUTPUT [ANNOTATIONS]`.

The formats are gzip, zstd and estargz. The entries lie below a folder of the format's name.
"""

import hashlib
import sys
import zlib
from pathlib import Path

from tests.formats.entries import SPLICED, entries
from tools.common.errors import run
from tools.layer.estargz import MEMBER_SIZE, write_estargz
from tools.layer.index import Indexed, index
from tools.layer.part import PartWriter, write_layer
from tools.layer.tar import Entry
from tools.layer.zstd_part import ZSTD, ZstdPartWriter

_Contents = list[tuple[Entry, bytes]]


def main() -> None:
    """Writes what the command line says."""
    kind, output = sys.argv[1], Path(sys.argv[2])
    contents = entries(kind)
    half = len(contents) // 2
    parts = [Path(f"{output}.{number}") for number in range(2)]
    indexes = [
        _zstd_part(part, some) if kind == "zstd" else _gzip_part(part, some, kind)
        for part, some in zip(parts, (contents[:half], contents[half:]), strict=True)
    ]
    with output.open("wb") as out:
        if kind == "estargz":
            written = write_estargz(zip(parts, indexes, strict=True), out)
            Path(sys.argv[3]).write_text(written.annotations().to_json())
        elif kind == "zstd":
            write_layer(parts, out, ZSTD)
        else:
            write_layer(parts, out)
    for part in parts:
        part.unlink()


def _gzip_part(part: Path, contents: _Contents, kind: str) -> list[Indexed]:
    member_size = MEMBER_SIZE if kind == "estargz" else None
    with part.open("wb") as out, PartWriter(out, member_size=member_size) as writer:
        for entry, data in contents:
            if entry.path.removeprefix(f"{kind}/") in SPLICED:
                deflate = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
                writer.add_deflated(entry, [deflate.compress(data), deflate.flush()], zlib.crc32(data))
            else:
                writer.add(entry, data)
    return index(writer, {entry.path: hashlib.sha256(data).hexdigest() for entry, data in contents})


def _zstd_part(part: Path, contents: _Contents) -> list[Indexed]:
    with part.open("wb") as out, ZstdPartWriter(out) as writer:
        for entry, data in contents:
            writer.add(entry, data)
    return []


if __name__ == "__main__":
    run(main)
