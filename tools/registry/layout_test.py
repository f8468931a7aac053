"""Layouts on disk that are not as they should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.push.images import Made, index, top
from tools.common.errors import ToolError
from tools.registry.layout import Layout


def test_parts_come_before_the_whole_and_layers_are_not_looked_at(tmp_path: Path) -> None:
    made = index(tmp_path / "app", [b"a" * 5000], [b"b" * 5000])
    for blob in made.root.glob("blobs/sha256/*"):
        if blob.stat().st_size == 5000:
            blob.unlink()
    node = Layout(made.root).top
    *parts, last = node.walk()
    assert last.digest == top(made.root)
    assert [len(part.blobs) for part in parts] == [2, 2]
    assert {blob.size for part in parts for blob in part.blobs if blob.size == 5000} == {5000}


def change(layout: Path, **values: Any) -> None:
    file = layout / "index.json"
    document = json.loads(file.read_bytes())
    document["manifests"][0] |= values
    file.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"digest": "md5:0"}, "is no index of an OCI image layout: 'md5:0' is no sha256 digest"),
        ({"size": -1}, "is no index of an OCI image layout: -1 is no size"),
        ({"digest": "sha256:" + "0" * 64}, "its manifest sha256:0000"),
    ],
)
def test_bad_descriptors(values: dict[str, Any], reason: str, tmp_path: Path) -> None:
    made = index(tmp_path / "app", [b"a"], [b"b"])
    change(made.root, **values)
    with pytest.raises(ToolError, match=reason):
        Layout(made.root)


def test_what_is_no_layout(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="not an OCI image layout: it has no file oci-layout"):
        Layout(tmp_path)
    layout = Made(tmp_path / "two")
    both = layout.finish(layout.manifest([b"a"]), layout.manifest([b"b"]))
    with pytest.raises(ToolError, match="it has 2 images, and not one"):
        print(Layout(both).top)


def test_a_manifest_that_was_changed(tmp_path: Path) -> None:
    made = index(tmp_path / "app", [b"a"], [b"b"])
    blob = made.root / "blobs" / top(made.root).replace(":", "/")
    blob.write_bytes(blob.read_bytes() + b" ")
    with pytest.raises(ToolError, match="is not what its name says"):
        Layout(made.root)
