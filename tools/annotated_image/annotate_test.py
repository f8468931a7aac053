"""Annotated layouts: what they say, and that they are the image's in all else."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tools.annotated_image.annotate import annotate
from tools.common.errors import ToolError
from tools.image_run import testing as make
from tools.image_run.layout import open_image, verified
from tools.layer.annotations import LayerAnnotations, read_annotations


def image(path: Path, index: bool = False) -> Path:
    layout = make.Layout(path)
    one = layout.image([[make.file("a")], [make.file("b")]])
    return layout.finish(layout.index([one]) if index else one)


def manifest(layout: Path) -> dict[str, Any]:
    (descriptor,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    data = (layout / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
    assert descriptor["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert descriptor["size"] == len(data)
    document: dict[str, Any] = json.loads(data)
    assert descriptor["mediaType"] == document["mediaType"]
    return document


def test_the_layer_that_is_named_gets_annotations_and_nothing_else_changes(tmp_path: Path) -> None:
    before = image(tmp_path / "before")
    old = manifest(before)
    layers = old["layers"]
    wanted = [LayerAnnotations(layers[1]["digest"], {"b": "2", "a": "ä"})]
    annotate(before, tmp_path / "after", wanted)
    new = manifest(tmp_path / "after")
    assert new == old | {"layers": [layers[0], layers[1] | {"annotations": {"b": "2", "a": "ä"}}]}
    read = open_image(tmp_path / "after")
    assert read.config == open_image(before).config
    for layer in read.layers:
        blob = verified(tmp_path / "after", layer, "layer")
        assert str(blob.readlink()) == f"../../../before/blobs/{layer.digest.replace(':', '/')}"
    blobs = {path.name for path in (tmp_path / "after/blobs/sha256").iterdir()}
    assert open_image(before).digest.removeprefix("sha256:") not in blobs
    assert len(blobs) == 4


def test_annotations_that_are_there_stay(tmp_path: Path) -> None:
    digest = manifest(image(tmp_path / "0"))["layers"][0]["digest"]
    annotate(tmp_path / "0", tmp_path / "1", [LayerAnnotations(digest, {"a": "1", "b": "1"})])
    annotate(tmp_path / "1", tmp_path / "2", [LayerAnnotations(digest, {"b": "2"})])
    assert manifest(tmp_path / "2")["layers"][0]["annotations"] == {"a": "1", "b": "2"}


def test_without_annotations_nothing_is_written(tmp_path: Path) -> None:
    before = image(tmp_path / "before")
    assert annotate(before, None, []) == open_image(before).digest
    assert list(tmp_path.iterdir()) == [before]


def test_an_image_of_docker_becomes_one_of_oci(tmp_path: Path) -> None:
    path = image(tmp_path / "before")
    document = manifest(path)
    digest = document["layers"][0]["digest"]
    docker = "application/vnd.docker"
    document["mediaType"] = f"{docker}.distribution.manifest.v2+json"
    document["config"]["mediaType"] = f"{docker}.container.image.v1+json"
    for layer in document["layers"]:
        layer["mediaType"] = f"{docker}.image.rootfs.diff.tar.gzip"
    layout = make.Layout(tmp_path / "docker")
    for blob in path.glob("blobs/*/*"):
        (layout.path / blob.relative_to(path)).write_bytes(blob.read_bytes())
    layout.finish(layout.blob(json.dumps(document).encode(), document["mediaType"]))
    annotate(layout.path, tmp_path / "after", [LayerAnnotations(digest, {"a": "1"})])
    oci = manifest(tmp_path / "after")
    assert [oci["mediaType"], oci["config"]["mediaType"], *(each["mediaType"] for each in oci["layers"])] == [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+gzip",
    ]


def test_what_cannot_be_annotated(tmp_path: Path) -> None:
    unknown = [LayerAnnotations("sha256:" + "0" * 64, {"a": "1"})]
    with pytest.raises(ToolError, match=r"annotations of sha256:0+, which is no layer of the image"):
        annotate(image(tmp_path / "before"), tmp_path / "after", unknown)
    with pytest.raises(ToolError, match="not one image"):
        annotate(image(tmp_path / "index", index=True), tmp_path / "after", unknown)
    (tmp_path / "file.json").write_text('{"version": 2}')
    with pytest.raises(ToolError, match="annotations of version 2"):
        read_annotations(tmp_path / "file.json")


def test_more_layers_than_engines_stack_are_refused(tmp_path: Path) -> None:
    def stacked(count: int) -> Path:
        layout = make.Layout(tmp_path / str(count))
        return layout.finish(layout.image([[make.file(str(number))] for number in range(count)]))

    most = stacked(127)
    assert annotate(most, None, []) == open_image(most).digest
    with pytest.raises(ToolError, match="128: has 128 layers, and container engines stack 127 at most"):
        annotate(stacked(128), None, [])
