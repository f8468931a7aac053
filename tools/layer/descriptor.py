"""Describes a layer that was just written, so that rules_oci need not read it again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tools.image_run.streams import open_layer
from tools.layer.formats import Format


def describe(layer: Path, label: str, layers: Format) -> str:
    """What //airgap/rules_oci wants to know of a layer, as JSON: digest, diff ID, compression, size in bytes,
    and an entry of the image's history (image-spec, config.md).

    Args:
        layer: the layer.
        label: the target that makes it.
        layers: the layer's format.

    Raises:
        ToolError: it cannot be decompressed.
    """
    with layer.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    with open_layer(layer) as plain:
        diff_id = plain.digest()
    described = {
        "digest": f"sha256:{digest}",
        "diffid": diff_id,
        "compression": layers.codec.name,
        "size": layer.stat().st_size,
        "history": {"created": "1970-01-01T00:00:00Z", "created_by": f"bazel build {label}"},
    }
    return json.dumps(described, indent=2) + "\n"
