"""What to pull: an image, through an index if need be, and its layers; and the layout that is made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.base_pull.places import Places
from tools.common.errors import ToolError
from tools.common.parsing import Parsing
from tools.registry.client import INDEXES, MANIFESTS
from tools.registry.reference import DIGEST

_AT_ONCE = 4
# What an index or a config may leave out.
_VARIANTS = {"linux/arm64": "v8"}


@dataclass(frozen=True)
class Wanted:
    """An image for one platform."""

    image: str
    digest: str
    platform: str

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.image}@{self.digest}"


def pull(wanted: Wanted, places: Places, folder: Path) -> None:
    """Makes the folder an image layout with the one image."""
    if not DIGEST.fullmatch(wanted.digest):
        raise ToolError(f"{wanted.digest!r} is no digest: it needs sha256: and 64 digits", file=wanted.image)
    blobs = folder / "blobs"
    digest, manifest = _manifest(wanted, places, blobs)
    with Parsing("is no manifest of an image", f"{wanted.image}@{digest}"):
        config = _digest(manifest["config"])
        layers = list(dict.fromkeys(_digest(layer) for layer in manifest["layers"]))
    places.fetch("blob", config, _path(blobs, config))
    with Parsing("is no configuration of an image", f"{wanted.image}@{config}"):
        _check_platform(wanted, json.loads(_path(blobs, config).read_bytes()))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # The first error ends it, and those that have not begun.
        waiting = [pool.submit(places.fetch, "blob", layer, _path(blobs, layer)) for layer in layers]
        try:
            for each in waiting:
                each.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n', encoding="utf-8")
    entry = {
        "mediaType": manifest.get("mediaType") or MANIFESTS[0],
        "size": _path(blobs, digest).stat().st_size,
        "digest": digest,
        "platform": _platform(wanted.platform),
    }
    index = {"schemaVersion": 2, "mediaType": INDEXES[0], "manifests": [entry]}
    (folder / "index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def _manifest(wanted: Wanted, places: Places, blobs: Path) -> tuple[str, Mapping[str, Any]]:
    """The manifest of the platform's image and its digest; an index that leads to it is not kept."""
    file = _path(blobs, wanted.digest)
    places.fetch("manifest", wanted.digest, file)
    with Parsing("is no manifest", wanted.name):
        document: Mapping[str, Any] = json.loads(file.read_bytes())
        if "manifests" not in document:
            return wanted.digest, document
        entry = _of_platform(wanted, document)
        digest = _digest(entry)
    file.unlink()
    places.fetch("manifest", digest, _path(blobs, digest))
    with Parsing("is no manifest", f"{wanted.image}@{digest}"):
        found: Mapping[str, Any] = json.loads(_path(blobs, digest).read_bytes())
    return digest, found


def _of_platform(wanted: Wanted, index: Mapping[str, Any]) -> Mapping[str, Any]:
    there = []
    for entry in index["manifests"]:
        name = _name(entry.get("platform") or {})
        if name == _full(wanted.platform):
            found: Mapping[str, Any] = entry
            return found
        there.append(name)
    known = ", ".join(name for name in there if not name.startswith("unknown")) or "none"
    raise ToolError(
        f"has no image for {wanted.platform}, only for: {known}",
        file=wanted.name,
        remedy="change `platforms` in MODULE.bazel",
    )


def _check_platform(wanted: Wanted, config: Mapping[str, Any]) -> None:
    name = _name(config)
    if name != _full(wanted.platform):
        raise ToolError(
            f"is an image for {name or 'no platform'}, not for {wanted.platform}",
            file=wanted.name,
            remedy="change `platforms` in MODULE.bazel",
        )


def _name(platform: Mapping[str, Any]) -> str:
    parts = [str(platform.get(key) or "") for key in ("os", "architecture", "variant")]
    return _full("/".join(part for part in parts if part))


def _full(platform: str) -> str:
    """A platform with the variant that is meant when none is named."""
    return f"{platform}/{_VARIANTS[platform]}" if platform in _VARIANTS else platform


def _platform(name: str) -> dict[str, str]:
    return dict(zip(("os", "architecture", "variant"), name.split("/"), strict=False))


def _digest(descriptor: Mapping[str, Any]) -> str:
    digest = descriptor["digest"]
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise ValueError(f"{digest!r} is no sha256 digest")
    return digest


def _path(blobs: Path, digest: str) -> Path:
    return blobs / digest.replace(":", "/")
