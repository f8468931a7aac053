"""Write an image as the tar file that `docker load` and its kin read.

Bazel runs `archive-manifest LAYOUT FORMAT TAGS OUTPUT` (mnemonic OCITarballManifest) for the small JSON
file that names the tags, and `archive LAYOUT FORMAT MANIFEST OUTPUT` (mnemonic OCITarball) where somebody
wants the whole tar as a file; `bazel run` streams the same tar to the container engine instead.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .errors import ToolError
from .jsontext import Json, dump_line, load_object
from .layout import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Layout

# What every member gets, so that the same image gives the same tar.
_MTIME = 1672560000
_MODE = 0o755
# Docker's format is for one image, the OCI format for an index.
_ACCEPTED = {"docker": (OCI_MANIFEST, DOCKER_MANIFEST), "oci": (OCI_INDEX, DOCKER_MANIFEST)}
_RULE = {"docker": "oci_image", "oci": "oci_image_index"}
_REF_NAME = "org.opencontainers.image.ref.name"
_MANIFEST_NAME = {"docker": "manifest.json", "oci": "index.json"}


def manifest(layout: Layout, kind: str, tags: list[str]) -> bytes:
    """The JSON file that names the tags: manifest.json of Docker's format, index.json of the OCI format."""
    entry = layout.only_descriptor()
    if entry["mediaType"] not in _ACCEPTED[kind]:
        raise ToolError(
            f'is a {entry["mediaType"]}; format "{kind}" is for {_RULE[kind]} targets only',
            file=layout.root,
            remedy='Use format = "oci" for an index and format = "docker" for a single image.',
        )
    if kind == "oci":
        named = [entry | {"annotations": (entry.get("annotations") or {}) | {_REF_NAME: tag}} for tag in tags]
        return dump_line(load_object(layout.root / "index.json") | {"manifests": named})
    image = layout.manifest(entry["digest"])
    return dump_line(
        [
            {
                "Config": _name(image["config"]),
                "RepoTags": tags,
                "Layers": [_name(layer) + ".tar.gz" for layer in image["layers"]],
            }
        ]
    )


def _name(descriptor: Json) -> str:
    return "blobs/" + str(descriptor["digest"]).replace(":", "/", 1)


def members(layout: Layout, kind: str) -> Iterator[tuple[str, Path]]:
    """Name and file of the members that come before the manifest."""
    entry = layout.only_descriptor()
    if kind == "docker":
        image = layout.manifest(entry["digest"])
        yield _name(image["config"]), layout.blob(image["config"]["digest"])
        for layer in image["layers"]:
            yield _name(layer) + ".tar.gz", layout.blob(layer["digest"])
        return
    yield "oci-layout", layout.root / "oci-layout"
    yield _name(entry), layout.blob(entry["digest"])
    for part in load_object(layout.blob(entry["digest"]))["manifests"]:
        image = layout.manifest(part["digest"])
        for descriptor in (part, image["config"], *image["layers"]):
            yield _name(descriptor), layout.blob(descriptor["digest"])


def write(layout: Layout, kind: str, manifest_file: Path, stream: IO[bytes]) -> None:
    """Write the tar to a stream, each member once."""
    seen: set[str] = set()
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.USTAR_FORMAT) as archive:
        for name, path in (*members(layout, kind), (_MANIFEST_NAME[kind], manifest_file)):
            if name in seen:
                continue
            seen.add(name)
            with path.open("rb") as data:
                info = tarfile.TarInfo(name)
                info.size, info.mode, info.mtime = path.stat().st_size, _MODE, _MTIME
                archive.addfile(info, data)


def main_manifest(args: list[str]) -> int:
    """`LAYOUT FORMAT TAGS OUTPUT`"""
    root, kind, tags, output = args
    Path(output).write_bytes(
        manifest(Layout(Path(root)), kind, Path(tags).read_text(encoding="utf-8").split())
    )
    return 0


def main(args: list[str]) -> int:
    """`LAYOUT FORMAT MANIFEST OUTPUT`"""
    root, kind, manifest_file, output = args
    with open(output, "wb") as stream:
        write(Layout(Path(root)), kind, Path(manifest_file), stream)
    return 0
