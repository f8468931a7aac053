"""oci_push: `bazel run` against a real registry."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.layout import sha256
from tests.airgap.registry import Registry, serve

HERE = Path("tests/airgap/rules_oci")


def digest(name: str) -> str:
    """The digest of an image. Not its layout: what the programs need, they must bring along."""
    return (HERE / f"{name}.json.sha256").read_text().strip()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with serve(tmp_path_factory.mktemp("push") / "registry") as running:
        yield running


def push(program: str, *args: str, home: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"HOME": str(home), "no_proxy": "localhost", "NO_PROXY": "localhost"}
    return subprocess.run([os.environ[program], *args], env=env, capture_output=True, text=True, check=False)


def check_image(registry: Registry, repository: str, reference: str) -> None:
    """An image is there with all that it refers to."""
    manifest = registry.manifest(repository, reference)
    assert sha256(manifest) == reference
    for descriptor in (json.loads(manifest)["config"], *json.loads(manifest)["layers"]):
        assert len(registry.blob(repository, descriptor["digest"])) == descriptor["size"]


def test_image_with_tags(registry: Registry, tmp_path: Path) -> None:
    done = push("PUSH", "--repository", f"{registry.host}/team/app", "--tag", "extra", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert registry.tags("team/app") == ["1", "extra", "latest"]
    for tag in ("1", "extra", "latest", digest("app")):
        assert sha256(registry.manifest("team/app", tag)) == digest("app")
    check_image(registry, "team/app", digest("app"))


def test_index(registry: Registry, tmp_path: Path) -> None:
    done = push("PUSH_INDEX", f"--repository={registry.host}/team/index", "-t", "1", "--tag=2", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert registry.tags("team/index") == ["1", "2"]
    index = registry.manifest("team/index", "2")
    assert sha256(index) == digest("index")
    for entry in json.loads(index)["manifests"]:
        check_image(registry, "team/index", entry["digest"])


def test_short_flag_for_the_repository(registry: Registry, tmp_path: Path) -> None:
    done = push("PUSH_INDEX", "-r", f"{registry.host}/short", "--tag", "x", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert registry.tags("short") == ["x"]


def test_a_bad_tag_fails_after_the_image_is_there(registry: Registry, tmp_path: Path) -> None:
    done = push("PUSH_INDEX", "--repository", f"{registry.host}/bad", "--tag", "not!a!tag", home=tmp_path)
    assert done.returncode != 0
    assert sha256(registry.manifest("bad", digest("index"))) == digest("index")


@pytest.mark.parametrize("program", ["PUSH", "PUSH_INDEX"])
def test_the_repository_of_the_rule_is_the_default(program: str, tmp_path: Path) -> None:
    done = push(program, home=tmp_path)
    assert done.returncode != 0
    assert "localhost:1/" in done.stderr
