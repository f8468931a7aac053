"""oci_image_index: images and their platforms."""

from pathlib import Path

from tests.airgap.layout import Json, Layout

HERE = Path("tests/airgap/rules_oci")
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


def entries(name: str) -> list[Json]:
    manifests = Layout(HERE / name).manifest["manifests"]
    assert isinstance(manifests, list)
    return manifests


def test_bytes() -> None:
    index = Layout(HERE / "index")
    assert index.follow(index.entry) == (HERE / "golden/index.json").read_bytes()


def test_index_is_the_only_entry_of_the_layout() -> None:
    index = Layout(HERE / "index")
    assert index.entry["mediaType"] == OCI_INDEX
    assert index.manifest["schemaVersion"] == 2
    assert index.manifest["mediaType"] == OCI_INDEX


def test_images_keep_their_digests() -> None:
    assert [entry["digest"] for entry in entries("index")] == [
        Layout(HERE / "scratch").digest,
        Layout(HERE / "app").digest,
    ]


def test_platforms_come_from_the_configs() -> None:
    assert [entry["platform"] for entry in entries("index")] == [
        {"os": "linux", "architecture": "amd64"},
        {"os": "linux", "architecture": "arm64", "variant": "v8"},
    ]


def test_an_index_has_all_blobs_of_its_images() -> None:
    index = Layout(HERE / "index")
    assert index.blobs() == {index.digest} | Layout(HERE / "scratch").blobs() | Layout(HERE / "app").blobs()
    for digest in index.blobs():
        index.blob(digest)


def test_digest_target() -> None:
    assert (HERE / "index.json.sha256").read_text() == Layout(HERE / "index").digest + "\n"


def test_one_image_for_several_platforms() -> None:
    assert [entry["platform"]["architecture"] for entry in entries("index_by_platform")] == ["amd64", "arm64"]
    first, second = entries("index_by_platform")
    assert first["digest"] != second["digest"]
