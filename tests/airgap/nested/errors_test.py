"""Mistakes in BUILD files and broken layers: one clear error, and no image."""

import gzip
import io
import tarfile

import pytest

from tests.airgap.bazel_workspace import Workspace

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

# Layers.
[
    oci_image(name = name, architecture = "amd64", os = "linux", tars = [file])
    for (name, file) in {
        "cut_short": "cut_short.tar.gz",
        "damaged": "damaged.tgz",
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
