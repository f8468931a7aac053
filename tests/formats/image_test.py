"""One image with a layer of each format, seen through a registry, a docker archive and our own reader."""

import hashlib
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.layout import Layout
from tests.airgap.registry import Registry, serve
from tests.formats.entries import Fact, expected, found
from tools.image_run.layout import open_image, verified
from tools.image_run.streams import open_layer
from tools.image_run.unpack import unpack

ENVIRONMENT = os.environ | {"no_proxy": "localhost", "NO_PROXY": "localhost"}
_FORMATS = ["gzip", "zstd", "estargz"]
_TOC = "containerd.io/snapshot/stargz/toc.digest"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with serve(tmp_path_factory.mktemp("registry") / "registry") as running:
        yield running


def path(name: str) -> Path:
    return Path(os.environ[name])


def crane(*args: str | Path) -> bytes:
    done = subprocess.run(["crane", *args], capture_output=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def by_path(facts: list[Fact]) -> list[Fact]:
    """The facts in one order, without the eStargz layer's own files."""
    return sorted(each for each in facts if each[0].split("/")[0] in _FORMATS)


def test_layers_have_the_media_types_and_diff_ids_of_their_formats() -> None:
    layout = Layout(path("IMAGE"))
    assert [
        layer["mediaType"].removeprefix("application/vnd.oci.image.layer.v1.")
        for layer in layout.manifest["layers"]
    ] == [
        "tar+gzip",
        "tar+zstd",
        "tar+gzip",
    ]
    image = open_image(path("IMAGE"))
    for layer, diff_id in zip(image.layers, image.config.diff_ids, strict=True):
        with open_layer(verified(image.layout, layer, "layer")) as stream:
            assert stream.digest() == diff_id


def test_only_the_estargz_layer_is_annotated() -> None:
    plain, annotated = Layout(path("PLAIN_IMAGE")), Layout(path("IMAGE"))
    annotations = json.loads(path("ANNOTATIONS").read_bytes())
    assert [layer.get("annotations") for layer in annotated.manifest["layers"]] == [
        None,
        None,
        annotations["annotations"],
    ]
    assert annotated.manifest["layers"][2]["digest"] == annotations["digest"]
    assert annotated.config == plain.config
    assert not any("annotations" in layer for layer in plain.manifest["layers"])


def test_an_index_keeps_annotations() -> None:
    index = Layout(path("INDEX"))
    (entry,) = index.manifest["manifests"]
    assert entry["digest"] == Layout(path("IMAGE")).digest
    manifest = json.loads(index.follow(entry))
    assert manifest["layers"][2]["annotations"][_TOC].startswith("sha256:")
    for layer in manifest["layers"]:
        index.follow(layer)


def test_an_image_on_it_keeps_annotations() -> None:
    above, annotated = Layout(path("ABOVE")), Layout(path("IMAGE"))
    assert above.manifest["layers"] == annotated.manifest["layers"]
    for layer in above.manifest["layers"]:
        above.follow(layer)


def test_oci_push_pushes_it(registry: Registry, tmp_path: Path) -> None:
    program = [str(path("PUSH")), "--repository", f"{registry.host}/formats/pushed", "--tag", "1"]
    subprocess.run(program, check=True, capture_output=True, env=ENVIRONMENT | {"HOME": str(tmp_path)})
    pushed = json.loads(registry.manifest("formats/pushed", "1"))
    assert pushed == Layout(path("IMAGE")).manifest


@pytest.mark.parametrize("source", ["IMAGE", "INDEX"])
def test_a_registry_and_crane_take_the_image(registry: Registry, tmp_path: Path, source: str) -> None:
    name = f"{registry.host}/formats/{source.lower()}:1"
    crane("push", path(source), name)
    manifest = json.loads(crane("manifest", "--platform", "linux/amd64", name))
    assert _TOC in manifest["layers"][2]["annotations"]
    crane("export", name, tmp_path / "flat.tar")  # read and written by Go's archive/tar
    with tarfile.open(tmp_path / "flat.tar") as archive:
        listed = found(archive)
    assert by_path(listed) == sorted(fact for kind in _FORMATS for fact in expected(kind))


def test_crane_finds_no_fault_in_layers_of_gzip(registry: Registry) -> None:
    """In an image without the layer of zstd: crane hashes that as gzip, whatever its media type."""
    crane("validate", "--tarball", path("GZIP_TARBALL"))
    crane("push", path("GZIP_IMAGE"), f"{registry.host}/formats/gzip:1")
    crane("validate", "--remote", f"{registry.host}/formats/gzip:1")


def test_our_own_reader_unpacks_the_image(tmp_path: Path) -> None:
    unpack(open_image(path("IMAGE")), tmp_path / "root")
    for kind in _FORMATS:
        for name, what, _, _, _, link, _, digest in expected(kind):
            there = tmp_path / "root" / name
            if what == "symlink":
                assert str(there.readlink()) == link
            elif what == "dir":
                assert there.is_dir()
            elif what == "hardlink":
                assert there.samefile(tmp_path / "root" / link)
            else:
                assert hashlib.sha256(there.read_bytes()).hexdigest() == digest
