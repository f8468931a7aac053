"""What a target pushes, as the rule image_push writes it: images with their places and tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError
from tools.common.parsing import Parsing

_VERSION = 1


@dataclass(frozen=True)
class Planned:
    """An image or index.

    Args:
        name: label of the target.
        layout: directory with its OCI image layout.
        repository: registry and repository, if the target names them.
        suffix: what follows the repository of the command line.
        prefixes: what tags of the stamp and of the command line begin with, each of them once.
        tags: further tags, as they are.
        referrers: layouts of what refers to the image, such as SBOMs.
    """

    name: str
    layout: Path
    repository: str
    suffix: str
    prefixes: tuple[str, ...]
    tags: tuple[str, ...]
    referrers: tuple[Path, ...]


@dataclass(frozen=True)
class Plan:
    """All images of a target, and the file with Bazel's workspace status."""

    images: tuple[Planned, ...]
    status: Path | None


def read(file: Path) -> Plan:
    """Reads a plan, whose paths are in the runfiles."""
    with Parsing("is no plan of image_push", file):
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["version"] != _VERSION:
            raise ToolError(f"is of version {document['version']}, and not {_VERSION}", file=file)
        images = tuple(_image(each) for each in document["images"])
        status = document.get("status")
    return Plan(images, Path(status) if status else None)


def _image(document: Mapping[str, Any]) -> Planned:
    return Planned(
        name=document["name"],
        layout=Path(document["layout"]),
        repository=document["repository"],
        suffix=document["suffix"],
        prefixes=tuple(document["prefixes"]),
        tags=tuple(document["tags"]),
        referrers=tuple(Path(each) for each in document["referrers"]),
    )
