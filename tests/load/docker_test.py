"""Docker's real daemon, with either of its two stores, takes an image from the build's output and runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.load.docker import Docker, missing
from tests.load.loading import BASE, RUNTIME, load, new_layers
from tools.load.image import load_from

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

NAME = "team/runtime:1"
_ALONE = ("--rm", "--network=none", "--read-only", "--user=1000:1000")
_STORES = {
    "containerd": "--feature=containerd-snapshotter=true",
    "own": "--feature=containerd-snapshotter=false",
}


@pytest.fixture(name="docker", scope="module", params=_STORES)
def _docker(request: pytest.FixtureRequest) -> Iterator[Docker]:
    with Docker(_STORES[request.param]) as docker:
        yield docker


def names(docker: Docker) -> set[str]:
    return set(docker.ok("images", "--format", "{{.Repository}}:{{.Tag}}").split())


@pytest.fixture(name="loaded", scope="module")
def _loaded(docker: Docker) -> Docker:
    """With the base, and then the image on it."""
    done = load(BASE, "--tag=base", "--tag=base:2", environment=docker.environment)
    assert done.code == 0, done.warned
    assert done.layers == (len(load_from(BASE).layers),) * 2
    done = load(RUNTIME, f"--tag={NAME}", environment=docker.environment)
    assert done.code == 0, done.warned
    # Docker's own store knows a layer by all that is below it, too.
    assert new_layers() <= done.layers[0] < done.layers[1]
    return docker


def test_it_has_the_image_that_was_built_and_no_name_but_those_given(loaded: Docker) -> None:
    assert names(loaded) == {"base:latest", "base:2", NAME}
    (image,) = json.loads(loaded.ok("image", "inspect", NAME))
    assert image["Id"] in (load_from(RUNTIME).config.digest, load_from(RUNTIME).digest)
    assert not [each for each in image["RepoDigests"] if each.startswith("127.0.0.1")]


def test_it_runs_as_nobody_without_network_and_writes_nothing(loaded: Docker) -> None:
    code = "import ctypes, os; print(os.getuid(), ctypes.CDLL('libcudart.so.12'))"
    said = loaded.ok("run", *_ALONE, NAME, "python3.11", "-c", code)
    assert said.startswith("1000 <CDLL 'libcudart.so.12'")
    assert "Read-only file system" in loaded.run("run", *_ALONE, NAME, "touch", "/usr/local/new").stderr


def test_what_it_has_is_not_sent_again(loaded: Docker) -> None:
    done = load(RUNTIME, "--runtime=docker", "--tag=again:1", environment=loaded.environment)
    assert done.layers[0] == 0
    loaded.ok("rmi", "again:1")


def test_a_daemon_elsewhere_gets_an_archive(docker: Docker) -> None:
    """The same daemon by its other address: over TCP it may as well be on another machine."""
    with docker.over_tcp() as address:
        environ = docker.environment | {"DOCKER_HOST": address}
        done = load(BASE, "--tag=far", "--tag=registry.example/far:1", environment=environ)
    assert done.code == 0, done.warned
    assert "sent all 3 layers as an archive" in done.said
    assert {"far:latest", "registry.example/far:1"} <= names(docker)
    docker.ok("rmi", "far", "registry.example/far:1")
