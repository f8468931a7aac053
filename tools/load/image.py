"""The image that is loaded: the documents and blobs of one manifest in a layout."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tools.image_run.layout import Descriptor, Image, open_image, verified

_OCI = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Loadable:
    """An image whose manifest and config were checked; its layers are checked by who takes them."""

    layout: Path
    digest: str
    manifest: bytes
    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    platform: str

    @property
    def size(self) -> int:
        """Bytes of all layers, each counted once."""
        return sum({layer.digest: layer.size for layer in self.layers}.values())

    def blob(self, digest: str) -> Path:
        """The file of a blob; in Bazel's layouts it may be a link."""
        return self.layout / "blobs" / digest.replace(":", "/")


def load_from(layout: Path, platform: str | None = None) -> Loadable:
    """Opens the image for `platform` in a layout: the only one, or else this machine's, if none is given."""
    image: Image = open_image(layout, platform)
    manifest = (layout / "blobs" / image.digest.replace(":", "/")).read_bytes()
    document = json.loads(manifest)
    config = Descriptor(document["config"]["digest"], document["config"]["size"])
    loadable = Loadable(
        layout=layout,
        digest=image.digest,
        manifest=manifest,
        media_type=document.get("mediaType") or _OCI,
        config=config,
        layers=image.layers,
        platform=image.config.platform,
    )
    for number, layer in enumerate(image.layers, 1):
        _there(loadable, layer, f"layer {number} of {len(image.layers)}")
    return loadable


def _there(image: Loadable, layer: Descriptor, what: str) -> None:
    """Says which layer is missing or cut before anything is sent; `verified` has the words for it."""
    blob = image.blob(layer.digest)
    if not blob.is_file() or blob.stat().st_size != layer.size:
        verified(image.layout, layer, what)
