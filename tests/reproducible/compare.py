"""Says where two builds of one image differ: the first layer, and in it the first file and what of it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from tools.image_run.layout import Image, open_image, verified
from tools.image_run.streams import open_tar

_FIELDS = ("name", "type", "mode", "uid", "gid", "uname", "gname", "mtime", "size", "linkname", "pax_headers")


def difference(one: Path, other: Path) -> str:
    """The first difference between two OCI layouts; empty when their manifest digests agree."""
    images = open_image(one), open_image(other)
    if images[0].digest == images[1].digest:
        return ""
    head = f"manifest {images[0].digest} and {images[1].digest}"
    for number in range(max(len(image.layers) for image in images)):
        if problem := _layer(images, number):
            return f"{head}\nlayer {number + 1}: {problem}"
    return f"{head}\n{_config(images)}"


def _layer(images: tuple[Image, Image], number: int) -> str:
    if any(number >= len(image.layers) for image in images):
        return "only one image has it"
    layers = [image.layers[number] for image in images]
    if layers[0].digest == layers[1].digest:
        return ""
    head = f"{layers[0].digest} and {layers[1].digest}"
    blobs = [verified(image.layout, layer, "layer") for image, layer in zip(images, layers, strict=True)]
    entries = [list(_entries(blob)) for blob in blobs]
    for one, other in zip(*entries, strict=False):
        if one != other:
            names = " and ".join(dict.fromkeys((one["name"], other["name"])))
            changed = [
                f"{field} {one[field]!r} and {other[field]!r}" for field in one if one[field] != other[field]
            ]
            return f"{head}\n{names}: {', '.join(changed)}"
    if len(entries[0]) != len(entries[1]):
        longer = max(entries, key=len)
        return f"{head}\n{longer[min(map(len, entries))]['name']}: only in one"
    return f"{head}\nthe same files; the tar's own bytes or its compression differ"


def _entries(blob: Path) -> Iterator[dict[str, str]]:
    """Every entry of a layer with all that is said of it, and its content's hash."""
    with open_tar(blob) as layer:
        for entry in layer:
            said = {field: str(getattr(entry, field)) for field in _FIELDS}
            content = layer.extractfile(entry) if entry.isreg() else None
            said["content"] = hashlib.sha256(content.read()).hexdigest() if content else ""
            yield said


def _config(images: tuple[Image, Image]) -> str:
    texts = [
        json.dumps(json.loads(image.config.text), sort_keys=True, indent=1).splitlines() for image in images
    ]
    for one, other in zip(*texts, strict=False):
        if one != other:
            return f"config: {one.strip()} and {other.strip()}"
    if images[0].config.text != images[1].config.text:
        return "config: the same content, written differently"
    return "manifest: annotations, media types or its own bytes"
