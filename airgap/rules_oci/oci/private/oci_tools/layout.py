"""Reading and writing OCI image layouts: a folder with oci-layout, index.json and blobs/ALGORITHM/HEX."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .errors import ToolError
from .jsontext import Json, load_object

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"


@dataclass(frozen=True)
class Layout:
    """An image layout on disk."""

    root: Path

    def blob(self, digest: str) -> Path:
        """Where the blob of a digest is kept."""
        return self.root / "blobs" / digest.replace(":", "/", 1)

    def descriptors(self) -> list[Json]:
        """The entries of index.json."""
        entries = load_object(self.root / "index.json").get("manifests")
        if not isinstance(entries, list) or not entries:
            raise ToolError("names no manifest: not an image layout", file=self.root / "index.json")
        return entries

    def only_descriptor(self) -> Json:
        """The single entry of index.json."""
        entries = self.descriptors()
        if len(entries) != 1:
            raise ToolError(
                f"names {len(entries)} manifests, expected exactly one", file=self.root / "index.json"
            )
        return entries[0]

    def manifest(self, digest: str) -> Json:
        """The image manifest of a digest."""
        manifest = load_object(self.blob(digest))
        if not isinstance(manifest.get("config"), dict):
            raise ToolError(
                "is an image index where a single image is wanted",
                file=self.root,
                remedy="Name one of the images that the index is made of.",
            )
        return manifest

    def config(self, manifest: Json) -> Json:
        """The image config that a manifest names."""
        return load_object(self.blob(manifest["config"]["digest"]))

    def put(self, data: bytes) -> str:
        """Store a small blob and return its digest; a link in its place is replaced, not written through."""
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        path = self.blob(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        return digest

    def link(self, digest: str, target: Path) -> None:
        """Put a relative link to `target` in the place of a blob."""
        path = self.blob(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(os.path.relpath(target, path.parent))

    def copy(self, digest: str, source: Path) -> None:
        """Copy a blob in, unless it is there already."""
        path = self.blob(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, path)
