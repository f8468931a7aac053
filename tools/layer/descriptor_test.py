"""What is said of a layer is what its bytes are."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import json
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.layer.descriptor import describe
from tools.layer.formats import FORMATS
from tools.layer.part import write_layer
from tools.layer.tar import Entry, Kind

DATA = b"content" * 50_000


def layer(folder: Path, compression: str) -> Path:
    layers = FORMATS[compression]
    parts = []
    for name in ("a", "b"):
        parts.append(folder / name)
        with parts[-1].open("wb") as out, layers.writer(out) as writer:
            writer.add(Entry(name, Kind.FILE, 0o644, size=len(DATA)), DATA)
    path = folder / "layer"
    with path.open("wb") as out:
        write_layer(parts, out, layers.codec)
    return path


def plain(data: bytes, compression: str) -> bytes:
    return gzip.decompress(data) if compression == "gzip" else _unzstd(data)


def _unzstd(data: bytes) -> bytes:
    unpacked: bytes = importlib.import_module("compression.zstd").decompress(data)
    return unpacked


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_layer_is_described(tmp_path: Path, compression: str) -> None:
    if compression == "zstd":
        pytest.importorskip("compression.zstd", reason="Python has it since 3.14, which Bazel's tests have")
    path = layer(tmp_path, compression)
    data = path.read_bytes()
    assert json.loads(describe(path, "//app:venv", FORMATS[compression])) == {
        "digest": f"sha256:{hashlib.sha256(data).hexdigest()}",
        "diffid": f"sha256:{hashlib.sha256(plain(data, compression)).hexdigest()}",
        "compression": compression,
        "size": len(data),
        "history": {"created": "1970-01-01T00:00:00Z", "created_by": "bazel build //app:venv"},
    }


def test_half_a_layer_is_refused(tmp_path: Path) -> None:
    path = layer(tmp_path, "gzip")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ToolError, match="cannot be decompressed"):
        describe(path, "//app:venv", FORMATS["gzip"])
