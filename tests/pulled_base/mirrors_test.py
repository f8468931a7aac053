"""base.pull from mirrors and folders, with logins, and what it says when something is wrong.

A nested workspace is this one with digests of little images in the place of NVIDIA's. There is no way to
docker.io: its proxy is a port where nobody listens.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.airgap.layout import Layout, sha256
from tests.airgap.registry import Registry, serve
from tools.image_run import testing as make
from tools.image_run.layout import open_image
from tools.testing.nested_bazel import NestedBazel, caches

REPOSITORY = "nvidia/cuda"
PROBLEM = f"error: docker.io/{REPOSITORY}: the manifest "
DOWN = "127.0.0.1:9"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}(?=\",  # 12\.8\.1-base-ubuntu24\.04)")
_ARCHITECTURES = ("amd64", "arm64")


@dataclass
class Nested:
    """The workspace, and a registry that wants a login."""

    bazel: NestedBazel
    folder: Path
    registry: Registry
    images: int = 0

    def image(self) -> Layout:
        """Another index with an image for each architecture; its digest is the one to pull from now on."""
        self.images += 1
        path = self.folder / f"image{self.images}"
        parts = make.Layout(path)
        layer = [make.file("number", str(self.images).encode())]
        made = [parts.image([layer, [make.file("arch", arch.encode())]], {}, arch) for arch in _ARCHITECTURES]
        layout = Layout(parts.finish(parts.index(made)))
        self.pin(layout.digest)
        return layout

    def pin(self, digest: str) -> None:
        """Writes MODULE.bazel with another digest."""
        module = self.bazel.root / "MODULE.bazel"
        text, count = _DIGEST.subn(digest, module.read_text())
        assert count == 1
        module.unlink()
        module.write_text(text)

    def run(self, *arguments: str, mirror: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Runs Bazel there."""
        environ = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), f"http://{DOWN}")
        environ |= {"PYCUDA_BASE_MIRROR": mirror, "PYCUDA_BLOBS": "", "DOCKER_CONFIG": "/nonexistent"} | more
        return self.bazel.bazel(*arguments, env=environ)

    def pull(self, arch: str = "amd64", *, mirror: str, **more: str) -> Path:
        """The folder with the pulled image."""
        name = f"nvidia_cuda_linux_{arch}"
        done = self.run("build", f"@{name}", mirror=mirror, **more)
        assert done.returncode == 0, done.stderr
        (line,) = self.run("cquery", "--output=files", f"@{name}", mirror=mirror, **more).stdout.split()
        return self.bazel.root / line

    def fails(self, mirror: str, **more: str) -> str:
        """What Bazel says when there is no pulling."""
        done = self.run("build", "@nvidia_cuda_linux_amd64", mirror=mirror, **more)
        assert done.returncode == 1, done.stderr
        assert '.py", line' not in done.stderr, done.stderr
        return done.stderr

    def config(self, name: str, document: object) -> str:
        """A folder with a configuration of docker's."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps(document))
        return str(folder)

    def login(self, password: str) -> str:
        """A folder with a login for the registry."""
        token = base64.b64encode(f"{self.registry.login}:{password}".encode()).decode()
        return self.config(f"login-{password}", {"auths": {self.registry.host: {"auth": token}}})


@pytest.fixture(scope="module", name="nested")
def _nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nested]:
    folder = tmp_path_factory.mktemp("nested")
    with serve(folder / "registry", login="user", password="secret") as registry:
        nested = Nested(NestedBazel(folder, "tests/pulled_base", caches()), folder, registry)
        try:
            yield nested
        finally:
            nested.run("shutdown", mirror="")


def stored(nested: Nested, digest: str) -> Path:
    """The registry's own file of a blob."""
    (found,) = (nested.folder / "registry/data").rglob(f"{digest.removeprefix('sha256:')}/data")
    return found


def flip(file: Path) -> None:
    """Changes one bit."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.unlink()
    file.write_bytes(content)


@pytest.mark.parametrize("arch", _ARCHITECTURES)
def test_a_mirror_that_wants_a_login(nested: Nested, arch: str) -> None:
    image = nested.image()
    nested.registry.put_layout(f"hub/{REPOSITORY}", "1", image)
    mirror = f"{nested.registry.host}/hub"
    pulled = nested.pull(arch, mirror=mirror, DOCKER_CONFIG=nested.login("secret"))
    (entry,) = (each for each in image.manifest["manifests"] if each["platform"]["architecture"] == arch)
    assert open_image(pulled, f"linux/{arch}").digest == entry["digest"]
    layers = json.loads(image.follow(entry))["layers"]
    assert Layout(pulled).blobs() == {
        entry["digest"],
        Layout(pulled).manifest["config"]["digest"],
        *(layer["digest"] for layer in layers),
    }
    for layer in layers:
        assert Layout(pulled).follow(layer) == image.follow(layer)


def test_without_the_login_it_says_where_one_may_be(nested: Nested) -> None:
    nested.registry.put_layout(REPOSITORY, "1", nested.image())
    said = nested.fails(nested.registry.host)
    assert "it wants a login, and neither docker's nor podman's configuration has one: 401" in said
    assert f"docker login {nested.registry.host}" in said
    said = nested.fails(nested.registry.host, DOCKER_CONFIG=nested.login("wrong"))
    assert "it does not let user user in, with what " in said


def test_a_credential_helper(nested: Nested, tmp_path: Path) -> None:
    nested.registry.put_layout(REPOSITORY, "1", nested.image())
    host = nested.registry.host
    answer = json.dumps({"ServerURL": host, "Username": "user", "Secret": "secret"})
    helper = tmp_path / "docker-credential-test"
    helper.write_text(f"#!/bin/sh\n[ \"$1 $(cat)\" = 'get {host}' ] && echo '{answer}'\n")
    helper.chmod(0o755)
    config = nested.config("helper", {"credHelpers": {host: "test"}})
    nested.pull(mirror=host, DOCKER_CONFIG=config, PATH=f"{tmp_path}:{os.environ['PATH']}")


def test_the_next_place_has_what_the_first_have_not(nested: Nested) -> None:
    image = nested.image()
    nested.registry.put_layout(REPOSITORY, "1", image)
    places = f"{DOWN}, {nested.registry.host}/empty,/nonexistent,{nested.registry.host}"
    pulled = nested.pull(mirror=places, DOCKER_CONFIG=nested.login("secret"))
    assert open_image(pulled, "linux/amd64").layers


def test_a_folder_on_this_machine(nested: Nested) -> None:
    image = nested.image()
    pulled = nested.pull("arm64", mirror=str(image.root))
    assert open_image(pulled, "linux/arm64").config.platform == "linux/arm64"


def test_a_folder_that_crane_has_carried_over(nested: Nested, tmp_path: Path) -> None:
    """With Docker's media types, which other programs turn into OCI's, and so change the digest."""
    image = nested.image()
    nested.registry.put_layout(REPOSITORY, "1", image)
    entries = []
    for entry in image.manifest["manifests"]:
        manifest = {**json.loads(image.follow(entry)), "mediaType": DOCKER}
        content = json.dumps(manifest).encode()
        digest = nested.registry.put_manifest(REPOSITORY, sha256(content), content, DOCKER)
        entries.append({**entry, "mediaType": DOCKER, "digest": digest, "size": len(content)})
    content = json.dumps({"schemaVersion": 2, "mediaType": LIST, "manifests": entries}).encode()
    digest = nested.registry.put_manifest(REPOSITORY, "docker", content, LIST)
    nested.pin(digest)
    name = f"{nested.registry.host}/{REPOSITORY}@{digest}"
    environ = os.environ | {"DOCKER_CONFIG": nested.login("secret")}
    command = ["crane", "pull", "--format=oci", name, str(tmp_path / "carried")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pulled = nested.pull("arm64", mirror=str(tmp_path / "carried"))
    assert Layout(pulled).digest == entries[1]["digest"]


def test_a_rotten_blob_in_a_folder_is_named(nested: Nested) -> None:
    image = nested.image()
    config = json.loads(image.follow(image.manifest["manifests"][0]))["config"]["digest"]
    blob = image.root / "blobs" / config.replace(":", "/")
    flip(blob)
    said = nested.fails(str(image.root))
    assert f"error: {blob}: has other bytes than the digest of docker.io/{REPOSITORY} says\n" in said
    assert f"expected {config}\n     got {sha256(blob.read_bytes())}\n" in said
    assert "Have it mended, or leave that place out\n  of PYCUDA_BASE_MIRROR" in said


@pytest.mark.parametrize("what", ["manifest", "layer"])
def test_a_mirror_that_rots_is_an_error_though_the_next_is_sound(nested: Nested, what: str) -> None:
    image = nested.image()
    nested.registry.put_layout(REPOSITORY, "1", image)
    entry = image.manifest["manifests"][0]
    digest = entry["digest"] if what == "manifest" else json.loads(image.follow(entry))["layers"][0]["digest"]
    flip(stored(nested, digest))
    said = nested.fails(f"{nested.registry.host},{image.root}", DOCKER_CONFIG=nested.login("secret"))
    if what == "layer":
        kind = f"http://{nested.registry.host}/v2/{REPOSITORY}/blobs/{digest}"
        assert f"error: {kind}: has other bytes than the digest" in said
    assert f"expected {digest}\n     got sha256:" in said


def test_when_nobody_has_it_each_place_says_why(nested: Nested, tmp_path: Path) -> None:
    digest = nested.image().digest
    (tmp_path / "oci-layout").touch()
    places = f"{DOWN},{nested.registry.host},/nonexistent,{tmp_path}"
    said = nested.fails(places, DOCKER_CONFIG=nested.login("secret"))
    assert f"{PROBLEM}{digest} can't be had\n  {DOWN}/{REPOSITORY}: can't reach http://{DOWN}: " in said
    assert f"  {nested.registry.host}/{REPOSITORY}: has no manifest {digest}\n" in said
    assert "  /nonexistent: is no OCI image layout: it has no file oci-layout\n" in said
    assert f"  {tmp_path}: has no manifest {digest}\n" in said
    assert f"  docker.io/{REPOSITORY}: can't reach https://registry-1.docker.io: " in said
    assert "--repo_env=PYCUDA_BASE_MIRROR=PLACE" in said


def test_what_was_pulled_once_is_there_without_a_network(nested: Nested, tmp_path: Path) -> None:
    image = nested.image()
    once = Layout(nested.pull(mirror=str(image.root), PYCUDA_BLOBS=str(tmp_path))).digest
    other = nested.image()
    assert Layout(nested.pull(mirror=str(other.root))).digest != once
    nested.pin(image.digest)
    assert Layout(nested.pull(mirror=DOWN, PYCUDA_BLOBS=str(tmp_path))).digest == once


def test_a_change_of_mirrors_pulls_nothing_anew(nested: Nested) -> None:
    image = nested.image()
    pulled = nested.pull(mirror=str(image.root))
    assert nested.pull(mirror=DOWN) == pulled


def test_a_mirror_that_is_none(nested: Nested) -> None:
    nested.image()
    said = nested.fails("some where")
    assert "error: PYCUDA_BASE_MIRROR: the mirror 'some where' is neither a registry nor" in said
