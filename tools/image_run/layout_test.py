"""Layouts that are read, and every way in which one can be wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.image_run import testing as make
from tools.image_run.layout import host, open_image, verified


def test_config_of_a_single_image(tmp_path: Path) -> None:
    image = open_image(
        make.single(tmp_path, [make.file("a")], Env=["A=b=c"], User="app", WorkingDir="/w", Cmd=["x"])
    )
    config = image.config
    assert (config.env, config.user, config.workdir, config.entrypoint, config.cmd) == (
        ("A=b=c",),
        "app",
        "/w",
        (),
        ("x",),
    )
    assert config.platform == "linux/amd64"
    assert len(image.layers) == 1


@pytest.mark.parametrize("nested", [False, True])
def test_choice_by_platform(tmp_path: Path, nested: bool) -> None:
    layout = make.Layout(tmp_path)
    images = {name: layout.image([[make.file(name)]], architecture=name) for name in ("amd64", "arm64")}
    attestation = layout.image([]) | {"platform": {"os": "unknown", "architecture": "unknown"}}
    listed = [*images.values(), attestation]
    layout.finish(*([layout.index(listed)] if nested else listed))
    assert open_image(tmp_path, "linux/arm64").digest == images["arm64"]["digest"]
    assert open_image(tmp_path).digest == images[host().removeprefix("linux/")]["digest"]
    with pytest.raises(ToolError, match="no images for linux/s390x among: linux/amd64, linux/arm64"):
        open_image(tmp_path, "linux/s390x")


def test_a_single_image_for_another_platform(tmp_path: Path) -> None:
    make.single(tmp_path, [])
    with pytest.raises(ToolError, match="the image is for linux/amd64, not linux/arm64"):
        open_image(tmp_path, "linux/arm64")


def _blobs(layout: Path) -> dict[str, Path]:
    """The blobs of a single image by what they are."""
    index = json.loads((layout / "index.json").read_text())
    blobs = layout / "blobs/sha256"
    manifest = blobs / index["manifests"][0]["digest"].removeprefix("sha256:")
    document = json.loads(manifest.read_text())
    return {
        "manifest": manifest,
        "config": blobs / document["config"]["digest"].removeprefix("sha256:"),
        "layer": blobs / document["layers"][0]["digest"].removeprefix("sha256:"),
    }


def _all(layout: Path) -> None:
    image = open_image(layout)
    for layer in image.layers:
        verified(layout, layer, "layer")


@pytest.mark.parametrize("which", ["manifest", "config", "layer"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Path.unlink, "the blob of the {} sha256:[0-9a-f]{{64}} is missing"),
        (
            lambda blob: blob.write_bytes(blob.read_bytes() + b" "),
            "the {} is not what its digest says\nexpected sha256:.*\n     got ",
        ),
    ],
    ids=["missing", "changed"],
)
def test_a_blob(tmp_path: Path, which: str, damage: Callable[[Path], object], message: str) -> None:
    damage(_blobs(make.single(tmp_path, [make.file("a")]))[which])
    with pytest.raises(ToolError, match=message.format(which)):
        _all(tmp_path)


def _edit_index(text: str) -> Callable[[Path], object]:
    return lambda layout: (layout / "index.json").write_text(text)


def _wrong_size(layout: Path) -> None:
    index = json.loads((layout / "index.json").read_text())
    index["manifests"][0]["size"] += 1
    (layout / "index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda layout: (layout / "index.json").unlink(),
            "not an OCI image layout: it has no file index.json",
        ),
        (
            lambda layout: (layout / "oci-layout").unlink(),
            "not an OCI image layout: it has no file oci-layout",
        ),
        (_edit_index("{"), "not JSON"),
        (_edit_index("[]"), "not a JSON object"),
        (_edit_index("{}"), "the layout holds no image"),
        (_edit_index('{"manifests": [{"digest": "sha256:../../x", "size": 1}]}'), "need sha256 and a number"),
        (_edit_index('{"manifests": [1]}'), "no descriptor of a manifest"),
        (_wrong_size, "its descriptor says"),
    ],
)
def test_not_a_layout(tmp_path: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(make.single(tmp_path, [make.file("a")]))
    with pytest.raises(ToolError, match=message):
        open_image(tmp_path)
