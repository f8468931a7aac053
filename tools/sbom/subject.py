"""Reads of an image's layout what documents about it have to say: the descriptor of its manifest."""

from __future__ import annotations

import json
from pathlib import Path

from tools.common.errors import ToolError
from tools.image_run.layout import open_image
from tools.sbom.bom import Subject


def read_subject(layout: Path, name: str, label: str) -> Subject:
    """The one image of a layout; manifest and configuration are checked, layers aren't read."""
    index = json.loads((layout / "index.json").read_bytes())
    if len(index["manifests"]) != 1 or "image.index" in index["manifests"][0].get("mediaType", ""):
        raise ToolError(
            "this is not one image",
            file=layout,
            remedy="Have an image_sbom for the image of each architecture, and none for the index of them.",
        )
    image = open_image(layout)
    manifest = layout / "blobs" / image.digest.replace(":", "/")
    text = manifest.read_bytes()
    media_type = json.loads(text).get("mediaType", "application/vnd.oci.image.manifest.v1+json")
    arch = image.config.platform.partition("/")[2]
    return Subject(name, label, arch, image.digest, len(text), media_type)
