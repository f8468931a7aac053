"""What the manifest of an image must say of a layer, in a file that the layer's action writes beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError

_VERSION = 1


@dataclass(frozen=True)
class LayerAnnotations:
    """The digest of a layer as it is stored, and the annotations of its descriptor."""

    digest: str
    annotations: Mapping[str, str]

    def to_json(self) -> str:
        """The content of the file."""
        document = {"version": _VERSION, "digest": self.digest, "annotations": dict(self.annotations)}
        return json.dumps(document, indent=1, sort_keys=True) + "\n"


def read_annotations(path: Path) -> LayerAnnotations:
    """Reads what `to_json` gave."""
    document = json.loads(path.read_bytes())
    if document.get("version") != _VERSION:
        raise ToolError(f"annotations of version {document.get('version')!r}, not {_VERSION}", file=path)
    return LayerAnnotations(document["digest"], document["annotations"])
