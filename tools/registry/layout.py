"""OCI image layouts on disk (image-spec 1.1), read no further than needed: layers are not even looked at.

layout = Layout(Path("bazel-bin/images/runtime_py311_index"))
for manifest in layout.top.walk(): ...
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError
from tools.common.parsing import Parsing
from tools.registry.client import INDEXES, MANIFESTS
from tools.registry.reference import DIGEST

_LIMIT = 64 << 20
_MAX_DEPTH = 4


@dataclass(frozen=True)
class Descriptor:
    """What one document says of another. `raw` is all that it says."""

    digest: str
    size: int
    media_type: str
    raw: Mapping[str, Any] = field(compare=False, hash=False)

    @staticmethod
    def of(document: Any) -> Descriptor:
        """Of JSON; ValueError and KeyError if it is none."""
        digest, size = document["digest"], document["size"]
        if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
            raise ValueError(f"{digest!r} is no sha256 digest")
        if not isinstance(size, int) or size < 0:
            raise ValueError(f"{size!r} is no size")
        return Descriptor(digest, size, str(document.get("mediaType") or ""), document)


@dataclass(frozen=True)
class Node:
    """A manifest or an index, with its bytes as they are in the layout."""

    layout: Layout
    descriptor: Descriptor
    content: bytes
    media_type: str
    children: tuple[Node, ...]
    blobs: tuple[Descriptor, ...]
    subject: str = ""

    @property
    def digest(self) -> str:
        """Its name."""
        return self.descriptor.digest

    def walk(self) -> Iterator[Node]:
        """This and all below, what is referred to before what refers to it."""
        for child in self.children:
            yield from child.walk()
        yield self


class Layout:
    """A directory with an image, an index or several."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("oci-layout", "index.json"):
            if not (root / name).is_file():
                raise ToolError(
                    f"not an OCI image layout: it has no file {name}",
                    file=root,
                    remedy="build it again; with --remote_download_minimal Bazel may have left it elsewhere",
                )
        index = root / "index.json"
        with Parsing("is no index of an OCI image layout", index):
            document = json.loads(index.read_bytes())
            descriptors = [Descriptor.of(each) for each in document["manifests"]]
        self.manifests = tuple(self._node(each, _MAX_DEPTH) for each in descriptors)

    @property
    def top(self) -> Node:
        """The one image or index."""
        if len(self.manifests) != 1:
            raise ToolError(
                f"it has {len(self.manifests)} images, and not one", file=self.root / "index.json"
            )
        return self.manifests[0]

    def path(self, digest: str) -> Path:
        """Where a blob is."""
        return self.root / "blobs" / digest.replace(":", "/")

    def _node(self, descriptor: Descriptor, depth: int) -> Node:
        path = self.path(descriptor.digest)
        if not depth:
            raise ToolError(f"indexes are nested more than {_MAX_DEPTH} deep", file=self.root)
        if not path.is_file():
            raise ToolError(f"its manifest {descriptor.digest} is missing", file=self.root)
        with path.open("rb") as file:
            content = file.read(_LIMIT)
        if (got := "sha256:" + hashlib.sha256(content).hexdigest()) != descriptor.digest:
            raise ToolError(
                f"is not what its name says: its bytes have {got}",
                file=path,
                remedy="something has changed an output of the build: run `bazel clean`, and build again",
            )
        with Parsing("is no manifest", path):
            document = json.loads(content)
            media_type = str(document.get("mediaType") or descriptor.media_type)
            media_type = media_type or (INDEXES[0] if "manifests" in document else MANIFESTS[0])
            children: list[Descriptor] = []
            blobs: list[Descriptor] = []
            if media_type in INDEXES:
                children = [Descriptor.of(each) for each in document["manifests"]]
            else:
                blobs = [Descriptor.of(each) for each in (document["config"], *document["layers"])]
            subject = Descriptor.of(document["subject"]).digest if document.get("subject") else ""
        nodes = tuple(self._node(each, depth - 1) for each in children)
        return Node(self, descriptor, content, media_type, nodes, tuple(blobs), subject)
