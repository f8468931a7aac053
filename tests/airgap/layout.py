"""Reading OCI layouts in tests, with every digest and size checked on the way."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def sha256(data: bytes) -> str:
    """The digest of bytes, as OCI writes it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layout:
    """An image layout on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.index: Json = json.loads((root / "index.json").read_bytes())
        (self.entry,) = self.index["manifests"]

    def blob(self, digest: str) -> bytes:
        """A blob, checked against its name."""
        data = (self.root / "blobs" / digest.replace(":", "/")).read_bytes()
        assert sha256(data) == digest
        return data

    def follow(self, descriptor: Json) -> bytes:
        """What a descriptor refers to, checked against digest and size."""
        data = self.blob(descriptor["digest"])
        assert len(data) == descriptor["size"]
        return data

    @property
    def digest(self) -> str:
        """The digest of the image or index."""
        return str(self.entry["digest"])

    @property
    def manifest(self) -> Json:
        """The manifest, or the index."""
        manifest = json.loads(self.follow(self.entry))
        assert isinstance(manifest, dict)
        return manifest

    @property
    def config(self) -> Json:
        """The config of an image."""
        config = json.loads(self.follow(self.manifest["config"]))
        assert isinstance(config, dict)
        return config

    def blobs(self) -> set[str]:
        """The digests of all blobs that are there."""
        return {f"{path.parent.name}:{path.name}" for path in (self.root / "blobs").glob("*/*")}


def unpack(layer: bytes) -> bytes:
    """The tar inside a layer, whatever its compression."""
    if layer.startswith(b"\x1f\x8b"):
        return gzip.decompress(layer)
    if layer.startswith(b"\x28\xb5\x2f\xfd"):
        try:
            zstd = importlib.import_module("compression.zstd")
        except ImportError:
            program = shutil.which("zstd")
            assert program, "install zstd, or use Python 3.14"
            return subprocess.run([program, "-dc"], input=layer, stdout=subprocess.PIPE, check=True).stdout
        return bytes(zstd.decompress(layer))
    return layer
