"""What is neither wheel nor package: an interpreter, an image that was pulled, and layers of plain files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tools.component.record import Component
from tools.image_run.layout import open_image


def of_image(name: str, layout: Path) -> Component:
    """An image that lies below."""
    image = open_image(layout)
    return Component(
        kind="image",
        name=name,
        arch=image.config.platform.partition("/")[2],
        sha256=image.digest.removeprefix("sha256:"),
    )


def of_interpreter(release: str, layer: Path) -> Component:
    """A Python of rules_python's; the hash is that of its layer."""
    return Component(
        kind="interpreter",
        name="python",
        version=release,
        sha256=_sha256(layer),
        license="PSF-2.0",
        supplier="Python Software Foundation",
        homepage="https://www.python.org/",
    )


def of_files(name: str, files: list[Path]) -> list[Component]:
    """A layer of files; what is in several files is told apart by their names."""
    return [
        Component(
            kind="files",
            name=name if len(files) == 1 else f"{name}/{path.name}",
            sha256=_sha256(path),
            file=path.name,
        )
        for path in files
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
