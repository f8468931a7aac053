"""The image as a tar file, for an engine that cannot reach this machine: all layers, whatever it has.

The file is an OCI layout, from which podman and Docker with containerd's store take the image with its
digest. For other Dockers their older manifest.json is beside it, as `docker save` writes it today; podman
gets none, for it would make a new manifest of that.
"""

from __future__ import annotations

import io
import json
import tarfile
from typing import BinaryIO

from tools.common.errors import ToolError
from tools.load.image import Loadable

_INDEX = "application/vnd.oci.image.index.v1+json"


def write(image: Loadable, name: str, output: BinaryIO, *, docker: bool) -> None:
    """Writes the archive to a stream that need not be seekable; `docker` says for which of the two it is."""
    blobs = {each.digest: each.size for each in (image.config, *image.layers)}
    with tarfile.open(fileobj=output, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        _document(archive, "oci-layout", {"imageLayoutVersion": "1.0.0"})
        _document(archive, "index.json", _index(image, name))
        if docker:
            _document(archive, "manifest.json", [_docker(image, name)])
        _add(archive, _path(image.digest), len(image.manifest), io.BytesIO(image.manifest))
        for digest, size in blobs.items():
            with image.blob(digest).open("rb") as content:
                _add(archive, _path(digest), size, content)


def _index(image: Loadable, name: str) -> dict[str, object]:
    entry = {
        "mediaType": image.media_type,
        "digest": image.digest,
        "size": len(image.manifest),
        "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name},
    }
    return {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [entry]}


def _docker(image: Loadable, name: str) -> dict[str, object]:
    return {
        "Config": _path(image.config.digest),
        "RepoTags": [name],
        "Layers": [_path(layer.digest) for layer in image.layers],
    }


def _path(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _document(archive: tarfile.TarFile, name: str, document: object) -> None:
    content = json.dumps(document, sort_keys=True).encode()
    _add(archive, name, len(content), io.BytesIO(content))


def _add(archive: tarfile.TarFile, name: str, size: int, content: BinaryIO) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    try:
        archive.addfile(entry, content)
    except OSError as error:
        if "unexpected end of data" not in str(error):
            raise
        raise ToolError("the file became shorter while it was read", file=name) from error
