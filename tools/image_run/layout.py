"""Reads an OCI image layout (image-spec 1.1) and believes none of it before its digest is checked.

`open_image` goes from `index.json` to one manifest and its config; `verified` hands out a layer's file.
Docker's media types are read too, since a pulled base may have them.
"""

import hashlib
import json
import platform as host_platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError

_INDEXES = frozenset(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_CHUNK = 1 << 20
_MAX_DEPTH = 4


@dataclass(frozen=True)
class Descriptor:
    """What one document says of another: its digest, its size, and what it is."""

    digest: str
    size: int
    media_type: str = ""
    platform: str = ""


@dataclass(frozen=True)
class Config:
    """The part of an image's configuration that a runtime acts on."""

    env: tuple[str, ...]
    user: str
    workdir: str
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    diff_ids: tuple[str, ...]
    platform: str
    text: bytes


@dataclass(frozen=True)
class Image:
    """One image of a layout, chosen and checked down to its config; the layers are checked when used."""

    layout: Path
    digest: str
    config: Config
    layers: tuple[Descriptor, ...]


def host() -> str:
    """This machine's platform as images name it, such as linux/amd64."""
    machine = host_platform.machine()
    return f"linux/{_ARCHITECTURES.get(machine, machine)}"


def open_image(layout: Path, platform: str | None = None) -> Image:
    """Finds the image for `platform` (default: the only image, else this machine's) and reads its config."""
    for name in ("oci-layout", "index.json"):
        if not (layout / name).is_file():
            raise ToolError(
                f"not an OCI image layout: it has no file {name}",
                file=layout,
                remedy="give the directory that an oci_image target builds",
            )
    found = _manifests(layout, _read_json(layout / "index.json"), _MAX_DEPTH)
    chosen = _choose(layout, found, platform)
    manifest = _read_json(verified(layout, chosen, "manifest"))
    config = _config(layout, _descriptor(layout, manifest.get("config"), "config"))
    layers = tuple(_descriptor(layout, each, "layer") for each in manifest.get("layers", []))
    if len(layers) != len(config.diff_ids):
        raise ToolError(
            f"the manifest has {len(layers)} layers and the config has {len(config.diff_ids)} diff IDs",
            file=layout,
        )
    if platform and config.platform != platform:
        raise ToolError(f"the image is for {config.platform}, not {platform}", file=layout)
    return Image(layout, chosen.digest, config, layers)


def verified(layout: Path, descriptor: Descriptor, what: str) -> Path:
    """The file of a blob, after its size and digest were found to be as promised."""
    blob = layout / "blobs" / descriptor.digest.replace(":", "/")
    if not blob.is_file():
        raise ToolError(f"the blob of the {what} {descriptor.digest} is missing", file=layout)
    digest = hashlib.sha256()
    with blob.open("rb") as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
    got = f"sha256:{digest.hexdigest()}"
    if got != descriptor.digest:
        raise ToolError(
            f"the {what} is not what its digest says\nexpected {descriptor.digest}\n     got {got}", file=blob
        )
    size = blob.stat().st_size
    if size != descriptor.size:
        raise ToolError(f"the {what} has {size} bytes, its descriptor says {descriptor.size}", file=blob)
    return blob


def _manifests(layout: Path, index: dict[str, Any], depth: int) -> list[Descriptor]:
    if depth == 0:
        raise ToolError(f"indexes are nested more than {_MAX_DEPTH} deep", file=layout)
    found: list[Descriptor] = []
    for each in index.get("manifests", []):
        descriptor = _descriptor(layout, each, "manifest")
        if descriptor.media_type in _INDEXES:
            found += _manifests(layout, _read_json(verified(layout, descriptor, "index")), depth - 1)
        elif descriptor.platform != "unknown/unknown":  # that is how attestations are listed
            found.append(descriptor)
    return found


def _choose(layout: Path, found: list[Descriptor], platform: str | None) -> Descriptor:
    if not found:
        raise ToolError("the layout holds no image", file=layout)
    if len(found) == 1:
        return found[0]
    wanted = platform or host()
    fitting = [each for each in found if each.platform == wanted]
    if len(fitting) == 1:
        return fitting[0]
    there = ", ".join(sorted(each.platform or "no platform" for each in found))
    raise ToolError(
        f"{len(fitting) or 'no'} images for {wanted} among: {there}",
        file=layout,
        remedy="choose with --platform",
    )


def _config(layout: Path, descriptor: Descriptor) -> Config:
    blob = verified(layout, descriptor, "config")
    document = _read_json(blob)
    config = document.get("config") or {}
    rootfs = document.get("rootfs") or {}
    return Config(
        env=tuple(config.get("Env") or ()),
        user=config.get("User") or "",
        workdir=config.get("WorkingDir") or "/",
        entrypoint=tuple(config.get("Entrypoint") or ()),
        cmd=tuple(config.get("Cmd") or ()),
        diff_ids=tuple(rootfs.get("diff_ids") or ()),
        platform=_platform(document),
        text=blob.read_bytes(),
    )


def _descriptor(layout: Path, document: object, what: str) -> Descriptor:
    if not isinstance(document, dict):
        raise ToolError(f"no descriptor of a {what}", file=layout)
    digest, size = document.get("digest"), document.get("size")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest) or not isinstance(size, int):
        raise ToolError(
            f"the {what} has digest {digest!r} and size {size!r}; need sha256 and a number", file=layout
        )
    return Descriptor(
        digest, size, str(document.get("mediaType", "")), _platform(document.get("platform") or {})
    )


def _platform(document: Mapping[str, Any]) -> str:
    """A platform in one word, such as linux/arm64."""
    parts = [document.get("os", ""), document.get("architecture", ""), document.get("variant", "")]
    if parts[1:] == ["arm64", "v8"]:  # the only variant that arm64 has; most leave it out
        parts.pop()
    return "/".join(part for part in parts if part)


def _read_json(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_bytes())
    except ValueError as error:
        raise ToolError(f"not JSON: {error}", file=file) from None
    if not isinstance(document, dict):
        raise ToolError("not a JSON object", file=file)
    return document
