"""oci.pull: images from a real registry, in a workspace of its own."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.airgap.bazel_workspace import Workspace
from tests.airgap.layout import Layout, sha256
from tests.airgap.registry import Registry

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

EXTENSION = 'oci = use_extension("@rules_oci//oci:extensions.bzl", "oci")\n'

PLATFORMS = '["linux/amd64", "linux/arm64"]'

BUILD = """\
load("@rules_oci//oci:defs.bzl", "oci_image")

platform(
    name = "linux_amd64",
    constraint_values = ["@platforms//cpu:x86_64", "@platforms//os:linux"],
)

platform(
    name = "linux_arm64",
    constraint_values = ["@platforms//cpu:aarch64", "@platforms//os:linux"],
)

platform(
    name = "linux_s390x",
    constraint_values = ["@platforms//cpu:s390x", "@platforms//os:linux"],
)
"""


@dataclass(frozen=True)
class Pulled:
    """What the registry has."""

    index: Layout
    app: Layout
    docker: str


def docker_manifest(registry: Registry, app: Layout) -> str:
    """Store an image with Docker's media types."""
    layer = next(layer for layer in app.manifest["layers"] if layer["mediaType"].endswith("+gzip"))
    diff_id = app.config["rootfs"]["diff_ids"][app.manifest["layers"].index(layer)]
    config = json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
            "config": {"Cmd": None},
        }
    ).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": DOCKER,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": len(config),
            "digest": registry.put_blob("team/docker", config),
        },
        "layers": [{**layer, "mediaType": DOCKER_LAYER}],
    }
    registry.put_blob("team/docker", app.follow(layer))
    return registry.put_manifest("team/docker", "1", json.dumps(manifest).encode(), DOCKER)


@pytest.fixture(scope="module")
def pulled(workspace: Workspace, registry: Registry, app: Layout) -> Pulled:
    index = Layout(Path("tests/airgap/rules_oci/index_by_platform"))
    registry.put_layout("team/index", "1", index)
    registry.put_layout("team/app", "1", app)
    docker = docker_manifest(registry, app)
    url = f"http://{registry.host}/team"
    pulls = {
        "many": f'image = "{url}/index", digest = "{index.digest}", platforms = {PLATFORMS}',
        "one": f'image = "{url}/app@{app.digest}"',
        "one_of_platform": f'image = "{url}/app", digest = "{app.digest}", platforms = ["linux/arm64/v8"]',
        "docker": f'image = "{url}/docker", digest = "{docker}", bazel_tags = ["some-tag"]',
        "no_platforms": f'image = "{url}/index", digest = "{index.digest}"',
        "no_such_platform": f'image = "{url}/index", digest = "{index.digest}", platforms = ["linux/s390x"]',
        "other_platform": f'image = "{url}/app", digest = "{app.digest}", platforms = ["linux/amd64"]',
        "no_such_digest": f'image = "{url}/app", digest = "{sha256(b"nothing")}"',
        "no_such_image": f'image = "{url}/other", digest = "{sha256(b"other")}"',
    }
    module = EXTENSION + "".join(f'oci.pull(name = "{name}", {what})\n' for name, what in pulls.items())
    names = [*pulls, "many_linux_amd64", "many_linux_arm64"]
    workspace.module(module + f"use_repo(oci, {', '.join(map(repr, names))})\n".replace("'", '"'))
    bases = ["many", "one", "one_of_platform", "docker", "no_platforms", "no_such_platform"]
    bases += ["other_platform", "no_such_digest", "no_such_image", "many_linux_amd64"]
    workspace.write(
        "BUILD.bazel",
        BUILD
        + "".join(
            f'oci_image(name = "on_{name}", base = "@{name}", tars = ["layer.tar"])\n' for name in bases
        )
        + 'genrule(name = "digest", srcs = ["@many//:digest"], outs = ["digest.txt"], cmd = "cp $< $@")\n',
    )
    workspace.write("layer.tar", bytes(10240))
    return Pulled(index, app, docker)


def base_of(image: Layout) -> list[str]:
    """The digests of the layers under the one that the test adds."""
    return [layer["digest"] for layer in image.manifest["layers"]][:-1]


def test_one_image(workspace: Workspace, pulled: Pulled) -> None:
    workspace.build("//:on_one")
    image = Layout(workspace.output("on_one"))
    assert base_of(image) == [layer["digest"] for layer in pulled.app.manifest["layers"]]
    assert image.config["config"] == pulled.app.config["config"]
    for layer in image.manifest["layers"]:
        image.follow(layer)


def test_the_layout_is_the_image_of_the_registry(workspace: Workspace, pulled: Pulled) -> None:
    workspace.build("@one//:one")
    (path,) = [
        line
        for line in workspace.bazel("cquery", "--output=files", "@one//:one").output.split()
        if "layout" in line
    ]
    layout = Layout(workspace.root / path)
    assert layout.digest == pulled.app.digest
    assert layout.blobs() == pulled.app.blobs()


@pytest.mark.parametrize(("platform", "architecture"), [("linux_amd64", "amd64"), ("linux_arm64", "arm64")])
def test_the_target_platform_chooses(
    workspace: Workspace, pulled: Pulled, platform: str, architecture: str
) -> None:
    workspace.build("//:on_many", f"--platforms=//:{platform}")
    image = Layout(workspace.output("on_many"))
    assert image.config["architecture"] == architecture


def test_a_repository_for_each_platform(workspace: Workspace, pulled: Pulled) -> None:
    workspace.build("//:on_many_linux_amd64", "--platforms=//:linux_arm64")
    assert Layout(workspace.output("on_many_linux_amd64")).config["architecture"] == "amd64"


def test_digest_target(workspace: Workspace, pulled: Pulled) -> None:
    workspace.build("//:digest")
    assert workspace.output("digest.txt").read_text() == pulled.index.digest


def test_a_variant_can_be_named(workspace: Workspace, pulled: Pulled) -> None:
    workspace.build("//:on_one_of_platform", "--platforms=//:linux_arm64")
    assert Layout(workspace.output("on_one_of_platform")).config["variant"] == "v8"


def test_on_dockers_media_types_a_layer_gets_dockers(workspace: Workspace, pulled: Pulled) -> None:
    workspace.build("//:on_docker")
    image = Layout(workspace.output("on_docker"))
    assert image.entry["mediaType"] == DOCKER
    assert [layer["mediaType"] for layer in image.manifest["layers"]] == [
        DOCKER_LAYER,
        "application/vnd.docker.image.rootfs.diff.tar",
    ]
    assert image.config["config"] == {}


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("on_no_platforms", ["multi-architecture", "platforms"]),
        ("on_no_such_platform", ["linux/s390x", "team/index"]),
        ("on_other_platform", ["arm64", "amd64", "team/app"]),
        ("on_no_such_digest", ["manifest"]),
        ("on_no_such_image", ["manifest"]),
    ],
)
def test_mistakes(workspace: Workspace, pulled: Pulled, target: str, words: list[str]) -> None:
    platform = "linux_s390x" if "s390x" in str(words) else "linux_amd64"
    said = workspace.failure(f"//:{target}", f"--platforms=//:{platform}")
    assert not [word for word in words if word not in said], said


def test_no_image_for_the_target_platform(workspace: Workspace, pulled: Pulled) -> None:
    said = workspace.failure("//:on_many", "--platforms=//:linux_s390x")
    assert "linux/amd64" in said, said
    assert "linux/arm64" in said, said
