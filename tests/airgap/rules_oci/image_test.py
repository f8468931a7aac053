"""oci_image: the config and manifest of an image, byte for byte and rule by rule."""

import json
from pathlib import Path

import pytest

from tests.airgap.layout import Json, Layout, sha256, unpack

HERE = Path("tests/airgap/rules_oci")
IMAGES = ["app", "app_from_files", "base", "created", "new_cmd", "new_entrypoint", "scratch", "unchanged"]
GOLDEN = ["app", "base", "created", "scratch"]
EPOCH = "1970-01-01T00:00:00Z"


def image(name: str) -> Layout:
    return Layout(HERE / name)


def runtime(name: str) -> Json:
    config = image(name).config["config"]
    assert isinstance(config, dict)
    return config


def layer_kind(data: bytes) -> str:
    if data.startswith(b"\x1f\x8b"):
        return "+gzip"
    return "+zstd" if data.startswith(b"\x28\xb5\x2f\xfd") else ""


# Bytes: a digest must not tell which implementation made the image. -----------------------------------------


@pytest.mark.parametrize("name", GOLDEN)
def test_config_bytes(name: str) -> None:
    golden = (HERE / f"golden/{name}.config.json").read_bytes()
    assert image(name).follow(image(name).manifest["config"]) == golden


@pytest.mark.parametrize("name", GOLDEN)
def test_manifest_bytes(name: str) -> None:
    assert image(name).follow(image(name).entry) == (HERE / f"golden/{name}.manifest.json").read_bytes()


def test_index_json_and_layout_version() -> None:
    entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json"}
    entry |= {"digest": image("app").digest, "size": image("app").entry["size"]}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
    assert (HERE / "app/index.json").read_text() == json.dumps(index, indent=2) + "\n"
    assert json.loads((HERE / "app/oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}


def test_digest_target() -> None:
    assert (HERE / "app.json.sha256").read_text() == image("app").digest + "\n"


def test_inline_values_and_files_mean_the_same() -> None:
    assert image("app_from_files").digest == image("app").digest


# Layers: what no regeneration of golden files can make right. -----------------------------------------------


@pytest.mark.parametrize("name", IMAGES)
def test_layers_agree_with_the_config(name: str) -> None:
    layout = image(name)
    config, layers = layout.config, layout.manifest["layers"]
    data = [layout.follow(layer) for layer in layers]
    assert config["rootfs"] == {"type": "layers", "diff_ids": [sha256(unpack(layer)) for layer in data]}
    assert [layer["mediaType"] for layer in layers] == [
        "application/vnd.oci.image.layer.v1.tar" + layer_kind(layer) for layer in data
    ]
    assert len(config["history"]) == len(layers)


@pytest.mark.parametrize("name", IMAGES)
def test_nothing_is_left_over(name: str) -> None:
    layout = image(name)
    manifest = layout.manifest
    used = {layout.digest, manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])}
    assert layout.blobs() == used


def test_every_wrapping_is_there() -> None:
    layout = image("app")
    kinds = [
        layer["mediaType"].removeprefix("application/vnd.oci.image.layer.v1.")
        for layer in layout.manifest["layers"]
    ]
    assert kinds == ["tar+gzip", "tar", "tar+gzip", "tar+zstd", "tar+zstd", "tar+gzip"]


def test_many_members_are_one_tar() -> None:
    first = image("base").manifest["layers"][0]
    data = image("base").follow(first)
    assert data.count(b"\x1f\x8b\x08\0\0\0\0\0\0\xff") > 10
    assert len(unpack(data)) == 10240


def links(path: Path) -> list[Path]:
    """What a path leads through."""
    found = []
    while path.is_symlink():
        found.append(path.readlink())
        path = path.parent / found[-1]
    return found


def test_layers_are_relative_links_to_the_tars() -> None:
    # A sandbox puts links of its own, which keep the name, before the ones of the layout; instead of these
    # there may be copies, from a cache or on a remote worker.
    for layer in image("app").manifest["layers"]:
        blob = HERE / "app/blobs" / layer["digest"].replace(":", "/")
        for link in links(blob):
            assert link.name == blob.name or link.name.startswith("layer_"), link
            assert link.name == blob.name or not link.is_absolute(), link


def test_history() -> None:
    created_by = [entry["created_by"] for entry in image("app").config["history"]]
    names = ["layer_tgz", "layer_tar", "layer_tar_gz", "layer_tar_zst", "layer_tzst", "layer_tgz"]
    assert created_by == [f"bazel build //tests/airgap/rules_oci:{name}" for name in names]
    assert {entry["created"] for entry in image("app").config["history"]} == {EPOCH}


# The config. ------------------------------------------------------------------------------------------------


def test_platform() -> None:
    assert {key: image("base").config[key] for key in ("os", "architecture", "variant")} == {
        "os": "linux",
        "architecture": "arm64",
        "variant": "v8",
    }
    assert "variant" not in image("scratch").config
    assert image("app").config["architecture"] == "arm64"


def test_scratch_has_nothing() -> None:
    assert image("scratch").config == {
        "created": EPOCH,
        "config": {},
        "history": [],
        "rootfs": {"type": "layers", "diff_ids": []},
        "architecture": "amd64",
        "os": "linux",
    }
    assert image("scratch").manifest["layers"] == []
    assert "annotations" not in image("scratch").manifest


def test_created() -> None:
    assert image("created").config["created"] == "2026-02-03T04:05:06Z"
    assert image("app").config["created"] == EPOCH


def test_environment() -> None:
    assert runtime("base")["Env"] == ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"]
    # Names keep their place, values see the lines before, an unknown name is nothing, `$$` is no escape.
    assert runtime("app")["Env"] == [
        "PATH=/opt/app/bin:/usr/bin:/bin",
        "LANG=C.UTF-8",
        "APP_HOME=/opt/app",
        "PYTHONPATH=/lib:C.UTF-8:$C.UTF-8:a=b",
    ]


def test_command() -> None:
    # A newline inside a word stays, an empty word goes.
    assert runtime("base")["Cmd"] == ["serve", "two words", "two\nlines"]
    assert runtime("app")["Cmd"] == ["--port", "8080"]
    assert runtime("app")["Entrypoint"] == ["/opt/app/bin/serve", "$HOME"]


def test_a_new_entrypoint_drops_the_command() -> None:
    assert runtime("new_entrypoint")["Entrypoint"] == ["/bin/sh"]
    assert "Cmd" not in runtime("new_entrypoint")


def test_a_new_command_keeps_the_entrypoint() -> None:
    assert runtime("new_cmd")["Entrypoint"] == ["/sbin/init"]
    assert runtime("new_cmd")["Cmd"] == ["help"]


def test_labels_merge() -> None:
    assert runtime("app")["Labels"] == {
        "org.example.kept": "base",
        "org.example.replaced": "app=1",
        "org.example.unicode": 'Grüße \\ "x"',
    }


def test_annotations_merge() -> None:
    assert image("app").manifest["annotations"] == {"org.example.base": "yes", "org.example.app": "a=b"}
    assert image("base").manifest["annotations"] == {"org.example.base": "yes"}


def test_sets_merge() -> None:
    assert runtime("app")["ExposedPorts"] == {"80/tcp": {}, "8080": {}, "53/udp": {}}
    assert runtime("app")["Volumes"] == {"/var/lib/base": {}, "/data": {}, "/tmp": {}}


def test_user_and_folder() -> None:
    assert runtime("base")["User"] == "root"
    assert runtime("app")["User"] == "1000:1000"
    assert runtime("app")["WorkingDir"] == "/opt/app"
    assert "WorkingDir" not in runtime("base")


def test_nothing_changed_is_the_same_image() -> None:
    assert image("unchanged").digest == image("base").digest
