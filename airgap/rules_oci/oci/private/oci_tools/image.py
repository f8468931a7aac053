"""Assemble an image: a base or nothing, plus layers and attributes, as an OCI layout whose layers are links.

Bazel runs `image --output=DIR (--base=DIR | --platform=JSON) [--layer=LAYER DESCRIPTION]... [--env=FILE ...]`
(mnemonic OCIImage). Only the config, the manifest and index.json are written; a layer is a relative
link to the file that Bazel made, so an image costs no copy of its layers.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

from . import config as meaning
from .descriptor import CREATED
from .jsontext import Json, dump_line, dumps, load_object, merge
from .layout import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, Layout


@dataclass(frozen=True)
class Image:
    """An image in the making: its JSON documents and where the blobs of its layers are."""

    config: Json
    manifest: Json
    index: Json
    layers: dict[str, Path]


def scratch(platform: str) -> Image:
    """An image without layers for a platform, given as a JSON object."""
    config = {"created": CREATED, "config": {}, "history": [], "rootfs": {"type": "layers", "diff_ids": []}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "size": 0},
        "layers": [],
    }
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    return Image(config | json.loads(platform), manifest, index, {})


def base(root: Path) -> Image:
    """The image of a layout."""
    layout = Layout(root)
    manifest = layout.manifest(layout.only_descriptor()["digest"])
    layers = {layer["digest"]: layout.blob(layer["digest"]) for layer in manifest.get("layers") or []}
    return Image(layout.config(manifest), manifest, load_object(root / "index.json"), layers)


def add_layer(image: Image, path: Path, description: Json) -> Image:
    """Stack a layer on an image; on Docker's media types it gets Docker's too."""
    docker = str(image.manifest.get("mediaType", "")).startswith("application/vnd.docker.")
    media_type = (
        "application/vnd.docker.image.rootfs.diff.tar" if docker else "application/vnd.oci.image.layer.v1.tar"
    )
    if description["compression"]:
        media_type += ("." if docker else "+") + description["compression"]
    digest = description["digest"]
    rootfs = _append(image.config.get("rootfs") or {}, "diff_ids", description["diffid"])
    config = _append(image.config | {"rootfs": rootfs}, "history", description["history"])
    entry = {"size": description["size"], "digest": digest, "mediaType": media_type}
    manifest = _append(image.manifest, "layers", entry)
    return replace(image, config=config, manifest=manifest, layers=image.layers | {digest: path})


def _append(value: Json, key: str, item: object) -> Json:
    return value | {key: [*(value.get(key) or []), item]}


def changes(args: argparse.Namespace, image: Image) -> Json:
    """The part of a config that the attributes say, with keys in the order in which they apply."""
    change: Json = {}
    runtime: Json = {}
    if args.created:
        change["created"] = _text(args.created)
    if args.entrypoint:
        # A new entry point makes the old command meaningless.
        runtime |= {"Cmd": None, "Entrypoint": meaning.words(_text(args.entrypoint))}
    if args.cmd:
        runtime["Cmd"] = meaning.words(_text(args.cmd))
    if args.exposed_ports:
        runtime["ExposedPorts"] = meaning.name_set(_text(args.exposed_ports))
    if args.volumes:
        runtime["Volumes"] = meaning.name_set(_text(args.volumes))
    if args.env:
        inherited = (image.config.get("config") or {}).get("Env") or []
        runtime["Env"] = meaning.environment(inherited, _text(args.env))
    if args.labels:
        runtime["Labels"] = meaning.pairs(_text(args.labels))
    if args.user:
        runtime["User"] = args.user
    if args.workdir:
        runtime["WorkingDir"] = args.workdir
    if runtime:
        change["config"] = runtime
    return change


def apply(image: Image, change: Json, annotations: Json | None) -> Image:
    """Merge changes into the config, and annotations into the manifest."""
    config, manifest = merge(image.config, change), dict(image.manifest)
    runtime = config.get("config")
    if isinstance(runtime, dict) and runtime.get("Cmd", ...) is None:
        del runtime["Cmd"]
    if annotations is not None:
        manifest["annotations"] = (manifest.get("annotations") or {}) | annotations
    return replace(image, config=config, manifest=manifest)


def write(image: Image, root: Path) -> None:
    """Write the layout: config and manifest in full, layers as links."""
    layout = Layout(root)
    for digest, path in image.layers.items():
        layout.link(digest, path)
    config = dumps(image.config).encode()
    reference = {**image.manifest["config"], "digest": layout.put(config), "size": len(config)}
    reference.pop("data", None)
    manifest = dump_line({**image.manifest, "config": reference})
    entry = {
        "mediaType": image.manifest.get("mediaType", OCI_MANIFEST),
        "digest": layout.put(manifest),
        "size": len(manifest),
    }
    (root / "index.json").write_bytes(dump_line(image.index | {"manifests": [entry]}))
    (root / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}', encoding="utf-8")


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def _parse(args: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="image", fromfile_prefix_chars="@", allow_abbrev=False)
    parser.add_argument("--output", type=Path, required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--base", type=Path)
    source.add_argument("--platform")
    parser.add_argument("--layer", nargs=2, type=Path, action="append", default=[])
    for name in ("created", "entrypoint", "cmd", "exposed-ports", "volumes", "env", "labels", "annotations"):
        parser.add_argument(f"--{name}", type=Path)
    for name in ("user", "workdir"):
        parser.add_argument(f"--{name}")
    return parser.parse_args(args)


def main(args: list[str]) -> int:
    """See the module's docstring."""
    options = _parse(args)
    image = base(options.base) if options.base else scratch(options.platform)
    for path, description in options.layer:
        image = add_layer(image, path, load_object(description))
    annotations = meaning.pairs(_text(options.annotations)) if options.annotations else None
    write(apply(image, changes(options, image), annotations), options.output)
    return 0
