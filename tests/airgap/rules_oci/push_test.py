"""oci_push: `bazel run` against a real registry."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.layout import Layout
from tests.airgap.registry import Registry, serve

HERE = Path("tests/airgap/rules_oci")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with serve(tmp_path_factory.mktemp("push") / "registry") as running:
        yield running


def push(program: str, *args: str, home: Path) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"HOME": str(home), "no_proxy": "localhost", "NO_PROXY": "localhost"}
    return subprocess.run([os.environ[program], *args], env=env, capture_output=True, text=True, check=False)


def test_image_with_tags(registry: Registry, tmp_path: Path) -> None:
    done = push("PUSH", "--repository", f"{registry.host}/team/app", "--tag", "extra", home=tmp_path)
    assert done.returncode == 0, done.stderr
    app = Layout(HERE / "app")
    assert registry.tags("team/app") == ["1", "extra", "latest"]
    for tag in ("1", "extra", "latest", app.digest):
        assert registry.manifest("team/app", tag) == app.blob(app.digest)
    for descriptor in (app.manifest["config"], *app.manifest["layers"]):
        assert registry.blob("team/app", descriptor["digest"]) == app.follow(descriptor)


def test_index(registry: Registry, tmp_path: Path) -> None:
    done = push("PUSH_INDEX", f"--repository={registry.host}/team/index", "-t", "1", "--tag=2", home=tmp_path)
    assert done.returncode == 0, done.stderr
    index = Layout(HERE / "index")
    assert registry.tags("team/index") == ["1", "2"]
    assert registry.manifest("team/index", "2") == index.blob(index.digest)
    for entry in index.manifest["manifests"]:
        assert registry.manifest("team/index", entry["digest"]) == index.follow(entry)


def test_short_flag_for_the_repository(registry: Registry, tmp_path: Path) -> None:
    done = push("PUSH_INDEX", "-r", f"{registry.host}/short", "--tag", "x", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert registry.tags("short") == ["x"]


def test_a_bad_tag_fails_after_the_image_is_there(registry: Registry, tmp_path: Path) -> None:
    done = push("PUSH_INDEX", "--repository", f"{registry.host}/bad", "--tag", "not a tag!", home=tmp_path)
    assert done.returncode != 0
    index = Layout(HERE / "index")
    assert registry.manifest("bad", index.digest) == index.blob(index.digest)


@pytest.mark.parametrize("program", ["PUSH", "PUSH_INDEX"])
def test_the_repository_of_the_rule_is_the_default(program: str, tmp_path: Path) -> None:
    done = push(program, home=tmp_path)
    assert done.returncode != 0
    assert "localhost:1/" in done.stderr
