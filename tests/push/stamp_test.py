"""A stamp that changes remakes nothing, and gives tags all the same.

A Bazel of its own builds a small image in a git checkout, and pushes it to a real registry.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.airgap.registry import Registry, serve
from tools.testing.nested_bazel import NestedBazel, caches

APP = "//tests/push/app"
_BUILD = """
load("@rules_oci//oci:defs.bzl", "oci_image", "oci_image_index")
load("@rules_pkg//pkg:tar.bzl", "pkg_tar")
load("//images:defs.bzl", "image_push")

pkg_tar(name = "layer", srcs = ["BUILD.bazel"], extension = "tar.gz")

[
    oci_image(name = arch, architecture = arch, os = "linux", tars = [":layer"])
    for arch in ["amd64", "arm64"]
]

oci_image_index(name = "index", images = [":amd64", ":arm64"])

image_push(name = "index_push", image = ":index", suffix = "app", tag_prefixes = ["3.11", "3.11-cuda12"])

image_push(name = "amd64_push", image = ":amd64", remote_tags = ["fixed"], repository = "localhost:1/none")

image_push(name = "push", pushes = [":index_push", ":amd64_push"])

image_push(name = "nothing")

image_push(name = "tagless", pushes = [":amd64_push"], remote_tags = ["v1"])

image_push(name = "file", image = "BUILD.bazel")
"""
_WHO = {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("EMAIL", "NAME")}


@dataclass(frozen=True)
class Checkout:
    """A git checkout with an image, and the Bazel for it."""

    nested: NestedBazel
    log: Path

    def commit(self, message: str) -> str:
        """Commits; the commit's name."""
        for command in (["init", "-q", "-b", "feature/x"], ["commit", "-q", "--allow-empty", "-m", message]):
            subprocess.run(["git", *command], cwd=self.nested.root, env={**os.environ, **_WHO}, check=True)
        words = ["git", "rev-parse", "HEAD"]
        return subprocess.run(
            words, cwd=self.nested.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    def bazel(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs Bazel; what git knows of the folders around is left out."""
        return self.nested.bazel(*arguments, env={"GIT_CEILING_DIRECTORIES": str(self.nested.root.parent)})

    def build(self) -> list[str]:
        """Builds the target that pushes; what was run for it."""
        done = self.bazel("build", f"--execution_log_json_file={self.log}", f"{APP}:push")
        assert done.returncode == 0, done.stderr
        return re.findall(r'"mnemonic": "(\w+)"', self.log.read_text())

    def push(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What `bazel run` says."""
        return self.bazel("run", f"{APP}:push", "--", *arguments)


@pytest.fixture(scope="module", name="checkout")
def _checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    folder = tmp_path_factory.mktemp("nested")
    nested = NestedBazel(folder, "tests/push", caches())
    (nested.own / "app").mkdir()
    (nested.own / "app/BUILD.bazel").write_text(_BUILD)
    (nested.root / ".gitignore").write_text("*\n")
    made = Checkout(nested, folder / "spawns.json")
    made.commit("one")
    made.build()
    try:
        yield made
    finally:
        nested.bazel("shutdown")


@pytest.fixture(scope="module", name="registry")
def _registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with serve(tmp_path_factory.mktemp("push") / "registry") as running:
        yield running


def test_another_commit_remakes_nothing_and_is_a_tag(checkout: Checkout, registry: Registry) -> None:
    assert checkout.build() == []
    commits = []
    for message in ("two", "three"):
        commits.append(checkout.commit(message))
        assert checkout.build() == []
        done = checkout.push("--repository", f"{registry.host}/team")
        assert done.returncode == 0, done.stderr
    branches = {"3.11-feature-x", "3.11-cuda12-feature-x"}
    named = {f"{prefix}-{commit}" for prefix in ("3.11", "3.11-cuda12") for commit in commits}
    assert set(registry.tags("team/app")) == branches | named
    assert set(registry.tags("team")) == {"fixed", "feature-x", *commits}


def test_no_action_has_the_stamp(checkout: Checkout) -> None:
    done = checkout.bazel("aquery", "--include_artifacts", f"deps({APP}:push)")
    assert done.returncode == 0, done.stderr
    actions = re.findall(
        r"^  Mnemonic: (\w+)$.*?^  Inputs: \[(.*?)\]$", done.stdout, re.MULTILINE | re.DOTALL
    )
    assert len(actions) > 5
    # Where files of programs are named together, which is nothing that runs.
    stamped = {mnemonic for mnemonic, inputs in actions if "-status.txt" in inputs}
    assert stamped <= {"Middleman", "RunfilesTree"}


def test_without_git_a_tag_must_be_named(checkout: Checkout, registry: Registry) -> None:
    git = checkout.nested.root / ".git"
    git.rename(git.with_name("elsewhere"))
    try:
        assert checkout.build() == []
        done = checkout.push("--repository", f"{registry.host}/bare")
        assert done.returncode == 1
        assert f"error: {APP}:index: nothing names a tag for it" in done.stderr
        done = checkout.push("--repository", f"{registry.host}/bare", "--tag", "v1")
        assert done.returncode == 0, done.stderr
        assert registry.tags("bare/app") == ["3.11-cuda12-v1", "3.11-v1"]
    finally:
        git.with_name("elsewhere").rename(git)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("nothing", "image = None and pushes = []: there is nothing to push; give one of them"),
        ("tagless", 'remote_tags = ["v1"] without an image; set it where the image is'),
        ("file", f'image = "@@{APP}:BUILD.bazel" has 1 files; give an oci_image or oci_image_index'),
    ],
)
def test_mistakes_of_a_target_are_named(target: str, reason: str, checkout: Checkout) -> None:
    done = checkout.bazel("build", f"{APP}:{target}")
    assert done.returncode == 1
    assert reason in done.stderr
