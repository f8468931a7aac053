"""Writes documents about an image as an OCI image layout of manifests that refer to it (image-spec 1.1).

A registry lists them by the image's digest: that is how scanners and policies find them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.sbom.bom import Subject

Json = dict[str, Any]

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_EMPTY = b"{}"


@dataclass(frozen=True)
class Document:
    """One document: its media type, which is the type of its artifact too, name, text, and annotations."""

    media_type: str
    name: str
    text: bytes
    annotations: Mapping[str, str] = field(default_factory=dict)


def dump(document: Json) -> bytes:
    """The one way that JSON is written here."""
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def write_layout(folder: Path, subject: Subject, documents: Sequence[Document]) -> None:
    """Writes the layout, one manifest for each document."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def store(data: bytes, media_type: str) -> Json:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    config = store(_EMPTY, _EMPTY_TYPE)
    about = {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size}
    entries = []
    for each in documents:
        layer = store(each.text, each.media_type) | {
            "annotations": {"org.opencontainers.image.title": each.name}
        }
        manifest: Json = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "artifactType": each.media_type,
            "config": config,
            "layers": [layer],
            "subject": about,
        }
        if each.annotations:
            manifest["annotations"] = dict(each.annotations)
        entry = store(dump(manifest), _MANIFEST) | {"artifactType": each.media_type}
        entries.append(entry | ({"annotations": dict(each.annotations)} if each.annotations else {}))
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": entries}
    (folder / "index.json").write_bytes(dump(index))
    (folder / "oci-layout").write_bytes(dump({"imageLayoutVersion": "1.0.0"}))
