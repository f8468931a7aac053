"""Mistakes in BUILD files and broken layers: one clear error, and no image."""

import gzip
import io
import tarfile

import pytest

from tests.airgap.bazel_workspace import Workspace, has_drop_ins

PACKAGE = """\
load("@rules_oci//oci:defs.bzl", "oci_image", "oci_image_index", "oci_load", "oci_push")

oci_image(name = "good", architecture = "amd64", os = "linux")

# Attributes.
oci_image(name = "no_platform")
oci_image(name = "half_a_platform", os = "linux")
oci_image(name = "platform_and_base", base = ":good", os = "linux")
oci_push(name = "push_with_tag", image = ":good", repository = "localhost:5000/app:latest")
oci_push(name = "push_with_digest", image = ":good", repository = "localhost:5000/app@sha256:00")
oci_push(name = "push_file", image = "not_a_tar.tar", repository = "localhost:5000/app")
oci_image_index(name = "good_index", images = [":good"])
oci_load(name = "load_index_for_docker", image = ":good_index", repo_tags = ["a:b"])
oci_image_index(name = "nested_index", images = [":good_index"])

# Layers.
[
    oci_image(name = name, architecture = "amd64", os = "linux", tars = [file])
    for (name, file) in {
        "cut_short": "cut_short.tar.gz",
        "damaged": "damaged.tgz",
        "not_a_tar": "not_a_tar.tar",
        "not_a_tar_inside": "not_a_tar_inside.tar.gz",
        "plain_cut_short": "plain_cut_short.tar",
        "zip": "zip.zip",
    }.items()
]
"""


UNKNOWN_FORMAT = """\
load("@rules_oci//oci:defs.bzl", "oci_load")

oci_load(name = "format", format = "tar", image = "//errors:good", repo_tags = [])
"""


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("file")
        info.size = 5000
        archive.addfile(info, io.BytesIO(bytes(range(250)) * 20))
    return out.getvalue()


@pytest.fixture(scope="module")
def broken(workspace: Workspace) -> Workspace:
    workspace.module()
    packed = gzip.compress(tar())
    files = {
        "cut_short.tar.gz": packed[: len(packed) // 2],
        "damaged.tgz": packed[:-8] + bytes(8),
        "not_a_tar.tar": b"PK\3\4 this is something else, but long enough to be a tar" * 100,
        "not_a_tar_inside.tar.gz": gzip.compress(b"text" * 1000),
        "plain_cut_short.tar": tar()[:5500],
        "zip.zip": b"PK",
    }
    for name, data in files.items():
        workspace.write(f"errors/{name}", data)
    workspace.write("errors/BUILD.bazel", PACKAGE)
    # A package of its own, which can't be loaded.
    workspace.write("format/BUILD.bazel", UNKNOWN_FORMAT)
    return workspace


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("no_platform", ["os", "architecture"]),
        ("half_a_platform", ["os", "architecture"]),
        ("platform_and_base", ["base", "os"]),
        ("push_with_tag", ["repository", "localhost:5000/app:latest"]),
        ("push_with_digest", ["repository", "localhost:5000/app@sha256:00"]),
        ("push_file", ["image", "oci_image"]),
        ("load_index_for_docker", ["docker", "oci_image"]),
        ("zip", ["zip.zip", "tars"]),
        ("cut_short", ["cut_short"]),
        ("damaged", ["damaged"]),
    ],
)
def test_mistake_is_named(broken: Workspace, target: str, words: list[str]) -> None:
    said = broken.failure(f"//errors:{target}")
    assert f"errors:{target}" in said or f"errors/{target}" in said, said
    assert not [word for word in words if word not in said], said


def test_an_unknown_format_is_named(broken: Workspace) -> None:
    said = broken.failure("//format")
    assert "format" in said, said
    assert "docker" in said, said


@pytest.mark.skipif(not has_drop_ins(), reason="the real rules_oci takes any file for a layer")
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("cut_short", "error: errors/cut_short.tar.gz: is a gzip file that was cut short"),
        ("damaged", "error: errors/damaged.tgz: has damaged gzip data"),
        ("not_a_tar", "error: errors/not_a_tar.tar: is not a tar archive"),
        ("not_a_tar_inside", "error: errors/not_a_tar_inside.tar.gz: is not a tar archive"),
        ("plain_cut_short", "error: errors/plain_cut_short.tar: is a tar archive that was cut short"),
        ("nested_index", "good_index: is an image index where a single image is wanted"),
    ],
)
def test_the_drop_in_says_what_is_wrong_with_the_file(broken: Workspace, target: str, message: str) -> None:
    said = broken.failure(f"//errors:{target}")
    assert message in said, said
    assert said.count("error: errors/") <= 1, said
    assert "Traceback" not in said, said
