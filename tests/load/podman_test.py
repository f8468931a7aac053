"""Podman with runc takes an image from the build's output and runs it as a service would be run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.load.loading import BASE, RUNTIME, load, new_layers
from tests.seed.podman import Podman
from tools.load import archive
from tools.load.image import load_from

NAME = "localhost/team/runtime:1"
_ALONE = ("--rm", "--pull=never", "--network=none", "--read-only", "--user=1000:1000")


@pytest.fixture(name="service")
def _service(podman: Podman) -> Iterator[dict[str, str]]:
    """Podman behind its socket; yields the environment of who has no other way to it."""
    with tempfile.TemporaryDirectory() as folder:  # names of sockets are short
        socket = Path(folder, "podman/podman.sock")
        socket.parent.mkdir()
        command = ["podman", "system", "service", "--time=0", f"unix://{socket}"]
        with subprocess.Popen(command, env=podman.environment) as process:
            environ = podman.environment | {"XDG_RUNTIME_DIR": folder}
            storage = Path(folder, "storage.conf")
            storage.write_text(
                '[storage]\ndriver = "vfs"\ngraphroot = "/proc/none"\nrunroot = "/proc/none"\n'
            )
            environ["CONTAINERS_STORAGE_CONF"] = str(storage)
            while podman.run("--url", f"unix://{socket}", "version").returncode:
                assert process.poll() is None
            yield environ
            process.terminate()


@pytest.fixture(name="podman", scope="module")
def _podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    podman = Podman(tmp_path_factory.mktemp("load") / "podman")
    try:
        yield podman
    finally:
        podman.close()


def names(podman: Podman) -> set[str]:
    shown = podman.ok("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    return {name for name in shown if not name.startswith("<none>")}


@pytest.fixture(name="loaded", scope="module")
def _loaded(podman: Podman) -> Podman:
    """With the base, and then the image on it."""
    done = load(BASE, "--tag=base", "--tag=base:2", environment=podman.environment)
    assert done.code == 0, done.warned
    assert done.layers == (len(load_from(BASE).layers),) * 2
    done = load(RUNTIME, "--runtime=podman", "--tag=team/runtime:1", environment=podman.environment)
    assert done.code == 0, done.warned
    assert done.layers == (new_layers(), len(load_from(RUNTIME).layers))
    assert NAME in done.said
    return podman


def test_it_has_the_digest_that_was_built_under_the_names_that_were_given(loaded: Podman) -> None:
    assert names(loaded) == {"localhost/base:latest", "localhost/base:2", NAME}
    (image,) = json.loads(loaded.ok("image", "inspect", NAME))
    assert (image["Digest"], f"sha256:{image['Id']}") == (
        load_from(RUNTIME).digest,
        load_from(RUNTIME).config.digest,
    )


def test_it_runs_as_nobody_without_network_and_writes_nothing(loaded: Podman) -> None:
    code = "import ctypes, os; print(os.getuid(), ctypes.CDLL('libcudart.so.12'))"
    said = loaded.ok("run", *_ALONE, NAME, "python3.11", "-c", code)
    assert said.startswith("1000 <CDLL 'libcudart.so.12'")
    assert loaded.ok("run", *_ALONE, NAME, "sh", "-c", "ls /sys/class/net") == "lo\n"
    done = loaded.run("run", *_ALONE, NAME, "touch", "/usr/local/new")
    assert "Read-only file system" in done.stderr


def test_what_it_has_is_not_sent_again(loaded: Podman) -> None:
    done = load(RUNTIME, "--tag=localhost/again:1", environment=loaded.environment)
    assert done.layers[0] == 0
    assert "sent 0 of" in done.said
    loaded.ok("rmi", "localhost/again:1")


def test_a_rotten_layer_is_named_and_gets_no_name(loaded: Podman, tmp_path: Path) -> None:
    rotten = tmp_path / "rotten"
    subprocess.run(["cp", "-rL", str(RUNTIME), str(rotten)], check=True)
    subprocess.run(["chmod", "-R", "u+w", str(rotten)], check=True)
    before = {each.digest for each in load_from(BASE).layers}
    layer = next(each for each in load_from(rotten).layers if each.digest not in before)
    content = bytearray(load_from(rotten).blob(layer.digest).read_bytes())
    content[len(content) // 2] ^= 1
    load_from(rotten).blob(layer.digest).write_bytes(content)
    loaded.ok("rmi", NAME)
    try:
        done = load(rotten, "--tag=rotten", environment=loaded.environment)
    finally:
        load(RUNTIME, f"--tag={NAME}", environment=loaded.environment)
    assert done.code == 1
    assert f"error: {load_from(rotten).blob(layer.digest)}: " in done.warned
    assert "is not what its digest says" in done.warned
    assert "localhost/rotten:latest" not in names(loaded)


def test_an_archive_is_the_same_image(podman: Podman, tmp_path: Path) -> None:
    image = load_from(BASE)
    with (tmp_path / "image.tar").open("wb") as output:
        archive.write(image, "localhost/archived:1", output, docker=False)
    podman.ok("load", "--input", str(tmp_path / "image.tar"))
    (shown,) = json.loads(podman.ok("image", "inspect", "localhost/archived:1"))
    assert shown["Digest"] == image.digest
    podman.ok("rmi", "localhost/archived:1")


def test_an_engine_that_cannot_reach_this_machine_gets_an_archive(podman: Podman, tmp_path: Path) -> None:
    """A podman in front of podman plays the remote one: its `pull` finds no way to 127.0.0.1."""
    remote = tmp_path / "bin/podman"
    remote.parent.mkdir()
    real = podman.environment["PATH"]
    remote.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        "if 'pull' in sys.argv: sys.exit('no route to host')\n"
        f"os.environ['PATH'] = {real!r}\nos.execvp('podman', sys.argv)\n"
    )
    remote.chmod(0o755)
    environ = podman.environment | {"PATH": f"{remote.parent}:{real}"}
    done = load(BASE, "--runtime=podman", "--tag=far:1", "--tag=far:2", environment=environ)
    assert done.code == 0, done.warned
    assert "podman cannot reach 127.0.0.1 of this machine; loading an archive instead" in done.warned
    assert "sent all 3 layers as an archive" in done.said
    assert {"localhost/far:1", "localhost/far:2"} <= names(podman)
    podman.ok("rmi", "localhost/far:1", "localhost/far:2")


def test_where_only_the_socket_can_be_seen_as_in_the_toolbox(podman: Podman, service: dict[str, str]) -> None:
    done = load(BASE, "--tag=socket:1", environment=service)
    assert done.code == 0, done.warned
    assert "podman has localhost/socket:1: " in done.said
    assert done.layers[1] == len(load_from(BASE).layers)
    podman.ok("rmi", "localhost/socket:1")


def test_a_docker_that_is_podman_as_debian_has_it(loaded: Podman, tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\nexec podman "$@"\n')
    docker.chmod(0o755)
    environ = loaded.environment | {"PATH": f"{tmp_path}:{loaded.environment['PATH']}"}
    done = load(BASE, "--runtime=docker", "--tag=shim:1", environment=environ)
    assert (done.code, done.layers[0]) == (0, 0), done.warned
    assert "podman has localhost/shim:1: " in done.said
    loaded.ok("rmi", "localhost/shim:1")
