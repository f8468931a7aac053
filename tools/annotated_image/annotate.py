"""Gives the layers of an image annotations, in a new layout that shares all blobs but the manifest.

The layout is laid out as `oci_image` does it: blobs are relative links to the blobs of the image, which may
be links to layers themselves.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError, raise_all
from tools.layer.annotations import LayerAnnotations

# What overlayfs in container engines stacks.
_MOST_LAYERS = 127

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
# Docker's descriptors have no annotations, and readers drop them: an image on a pulled base becomes OCI's.
_OCI_TYPES = {
    "application/vnd.docker.distribution.manifest.v2+json": _MANIFEST,
    "application/vnd.docker.container.image.v1+json": "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar": _LAYER,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": f"{_LAYER}+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd": f"{_LAYER}+zstd",
}

Json = dict[str, Any]


def annotate(image: Path, output: Path | None, annotations: Sequence[LayerAnnotations]) -> str:
    """Writes the layout `output`, if there is to be one, with annotations. Returns the manifest's digest.

    Raises:
        ToolError: it is not one image, has too many layers, or lacks one that has annotations.
    """
    index = json.loads((image / "index.json").read_bytes())
    descriptor = _only(index.get("manifests", []), image)
    old = _blob(image, descriptor["digest"])
    text = old.read_bytes()
    _check_count(json.loads(text).get("layers", []), image)
    if output is None:
        return str(descriptor["digest"])
    manifest = _annotated(json.loads(text), annotations, image)
    text = _dump(manifest)
    digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
    descriptor |= {"mediaType": manifest["mediaType"], "digest": digest, "size": len(text)}
    new = _blob(output, descriptor["digest"])
    new.parent.mkdir(parents=True)
    new.write_bytes(text)
    for blob in sorted(image.glob("blobs/*/*")):
        if blob != old:
            _link(blob, output / blob.relative_to(image))
    (output / "index.json").write_bytes(_dump(index))
    shutil.copyfile(image / "oci-layout", output / "oci-layout")
    return str(descriptor["digest"])


def _check_count(layers: Sequence[Json], image: Path) -> None:
    if len(layers) > _MOST_LAYERS:
        raise ToolError(
            f"has {len(layers)} layers, and container engines stack {_MOST_LAYERS} at most",
            file=image,
            remedy="Put more distributions into one layer of the environment: `layers` of venv_layers.",
        )


def _annotated(manifest: Json, annotations: Sequence[LayerAnnotations], image: Path) -> Json:
    """The manifest with annotations of its layers, as an OCI manifest."""
    wanted = {each.digest: each.annotations for each in annotations}
    layers = [_layer(layer, wanted.pop(layer["digest"], {})) for layer in manifest.get("layers", [])]
    raise_all(
        [
            ToolError(
                f"there are annotations of {digest}, which is no layer of the image",
                file=image,
                remedy="Name layers only that the image has.",
            )
            for digest in sorted(wanted)
        ]
    )
    return _as_oci({"mediaType": _MANIFEST} | manifest) | {
        "config": _as_oci(manifest["config"]),
        "layers": layers,
    }


def _layer(descriptor: Json, annotations: Mapping[str, str]) -> Json:
    if not annotations:
        return _as_oci(descriptor)
    return _as_oci(descriptor) | {"annotations": descriptor.get("annotations", {}) | dict(annotations)}


def _as_oci(document: Json) -> Json:
    return document | {"mediaType": _OCI_TYPES.get(document["mediaType"], document["mediaType"])}


def _only(manifests: Sequence[Json], image: Path) -> Json:
    if len(manifests) != 1 or "image.index" in manifests[0].get("mediaType", ""):
        raise ToolError(
            "this is not one image",
            file=image,
            remedy="Annotate each oci_image, and make the oci_image_index of those.",
        )
    return manifests[0]


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/", 1)


def _link(blob: Path, link: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(os.path.relpath(blob, link.parent))


def _dump(document: Json) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
