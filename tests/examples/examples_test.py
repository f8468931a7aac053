"""The workspace in examples/ does what its README says: builds, tests, starts, loads and pushes its image.

A Bazel of its own builds it in place, with an empty output base, but with this user's caches.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.registry import serve
from tests.reproducible.nested import OPTIONS, Surroundings, bazel, shared_downloads
from tests.seed.podman import Podman
from tools.image_run.layout import Image, open_image
from tools.lint.workspace import root

_RUNTIME = Path(os.environ["RUNTIME"]).absolute()
_IMAGE = "//:train_py311"
_SAYS = "y = 1.97 x + 1.06, 57 bytes\n"
_ARCHITECTURES = ("amd64", "arm64")
_VERSION = re.findall(r'version = "(.*)"', (root() / "MODULE.bazel").read_text())[0]
_OPTIONS = [option for option in OPTIONS if option != "--disk_cache="]


class Examples:
    """The workspace, with its Bazel."""

    def __init__(self, folder: Path) -> None:
        self._where = Surroundings(
            workspace=root(), output_base=folder / "out", umask=0o022, variables={}, folder="examples"
        )
        self._scripts = folder

    def bazel(self, command: str, *arguments: str) -> str:
        options = [] if command in ("info", "shutdown") else [*_OPTIONS, *shared_downloads(self._scripts)]
        return bazel(self._where, command, *options, *arguments)

    def image(self, target: str, platform: str) -> Image:
        """An image, which is built: what another command needed of it may be less than it has."""
        self.bazel("build", target)
        line = self.bazel("cquery", "--output=files", target).strip().splitlines()[-1]
        return open_image(Path(self.bazel("info", "execution_root").strip()) / line, platform)

    def run(self, target: str, *arguments: str, **variables: str) -> str:
        """What a program says that `bazel run` would start."""
        script = self._scripts / re.sub(r"\W", "_", target)
        self.bazel("run", f"--script_path={script}", target)
        environ = os.environ | {"no_proxy": "localhost", "NO_PROXY": "localhost"} | variables
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [script, *arguments], env=environ, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module", name="examples")
def _examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Examples]:
    examples = Examples(tmp_path_factory.mktemp("examples"))
    try:
        parts = ("", "_amd64", "_arm64", "_index", "_load", "_push", "_shell")
        examples.bazel("build", *(f"{_IMAGE}{each}" for each in parts))
        yield examples
    finally:
        examples.bazel("shutdown")


def test_the_images_own_checks_pass(examples: Examples) -> None:
    assert re.search(
        rf"{_IMAGE}_test +PASSED", examples.bazel("test", "--nocache_test_results", f"{_IMAGE}_test")
    )


def test_every_target_can_be_analysed(examples: Examples) -> None:
    examples.bazel("build", "--nobuild", "//...")


def test_the_program_runs_as_nobody_and_writes_nothing(examples: Examples, tmp_path: Path) -> None:
    cache = {"XDG_CACHE_HOME": str(tmp_path)}
    assert examples.run(f"{_IMAGE}_shell", "--read-only", **cache) == _SAYS
    told = examples.run(f"{_IMAGE}_shell", "--", "sh", "-c", "id -un; pwd; find /app -type f", **cache)
    assert told.split()[:2] == ["nobody", "/app"]
    assert sorted(told.split()[2:]) == [f"/app/app/{name}" for name in ("model.py", "points.csv", "train.py")]


@pytest.mark.parametrize("arch", _ARCHITECTURES)
def test_the_layers_below_are_those_of_the_runtime_image(examples: Examples, arch: str) -> None:
    """To the byte, although this repository is a module there and not the main one."""
    below = open_image(_RUNTIME, f"linux/{arch}")
    image = examples.image(f"{_IMAGE}_index", f"linux/{arch}")
    shared = len(below.layers)
    assert image.layers[:shared] == below.layers
    assert len(image.layers) == shared + 3, "numpy, the other wheels, the sources"
    assert image.config.env[: len(below.config.env)] == below.config.env


def test_an_engine_gets_the_image_with_its_name_and_runs_it(examples: Examples, tmp_path: Path) -> None:
    podman = Podman(tmp_path / "podman")
    try:
        said = examples.run(f"{_IMAGE}_load", "--runtime=podman", **podman.environment)
        name = "localhost/train_py311:latest"
        assert said.startswith(f"podman has {name}: ")
        assert podman.ok("run", "--rm", "--pull=never", "--network=none", "--read-only", name) == _SAYS
    finally:
        podman.close()


def test_a_registry_gets_both_architectures(examples: Examples, tmp_path: Path) -> None:
    with serve(tmp_path / "registry") as registry:
        examples.run(f"{_IMAGE}_push", "--repository", f"{registry.host}/team/train", "--tag", "v1")
        manifests = json.loads(registry.manifest("team/train", "v1"))["manifests"]
    assert {each["platform"]["architecture"]: each["digest"] for each in manifests} == {
        arch: examples.image(f"{_IMAGE}_{arch}", f"linux/{arch}").digest for arch in _ARCHITECTURES
    }


def test_the_bill_of_materials_has_wheels_sources_and_base(examples: Examples) -> None:
    examples.bazel("build", f"{_IMAGE}_sbom", "--@pycuda//images:source_commit=" + "c" * 40)
    folder = Path(examples.bazel("info", "bazel-bin").strip())
    for arch in _ARCHITECTURES:
        document = json.loads((folder / f"train_py311_{arch}.cdx.json").read_bytes())
        image = examples.image(f"{_IMAGE}_{arch}", f"linux/{arch}")
        assert document["metadata"]["component"]["version"] == image.digest
        assert document["metadata"]["tools"]["components"][0]["version"] == _VERSION
        names = {each["name"] for each in document["components"]}
        assert names > {"bash", "python3.11-minimal", "nvidia-cuda-runtime-cu12"}
        assert names > {"msgpack", "msgpack-numpy", "numpy", f"train_py311_{arch}_app"}
        statement = json.loads((folder / f"train_py311_{arch}.provenance.json").read_bytes())
        sources = statement["predicate"]["buildDefinition"]["resolvedDependencies"][0]
        assert sources["digest"] == {"gitCommit": "c" * 40}


_WRONG = """\
load("@pycuda//images:defs.bzl", "cuda_image")
load("@pycuda//venv:defs.bzl", "venv_layers")

venv_layers(name = "venv", python = "3.11", wheels = ["@wheels//msgpack_numpy:whl"])
cuda_image(name = "image", python = "%s", venv = ":venv")
"""
_REFUSED = {
    "3.8": '//wrong:image: python = "3.8" has no image; choose one of 3.9, 3.10, 3.11, ',
    "3.13": '//wrong:image_amd64_venv: python = "3.13", but venv = "@@//wrong:venv_amd64" is for 3.11; use ',
}


@pytest.mark.parametrize("python", _REFUSED)
def test_mistakes_are_named(examples: Examples, tmp_path: Path, python: str) -> None:
    wrong = tmp_path / "wrong/BUILD.bazel"
    wrong.parent.mkdir()
    wrong.write_text(_WRONG % python)
    with pytest.raises(AssertionError) as failed:
        examples.bazel("build", f"--package_path=%workspace%:{tmp_path}", "//wrong:image_amd64")
    assert _REFUSED[python] in str(failed.value)


def test_the_readme_shows_what_the_image_says() -> None:
    assert f"\n    {_SAYS}" in (root() / "examples/README.md").read_text()


def test_the_workspace_has_the_same_bazel_and_modules() -> None:
    ours, theirs = root(), root() / "examples"
    assert (theirs / ".bazelversion").read_text() == (ours / ".bazelversion").read_text()
    pattern = re.compile(r'^bazel_dep\(name = "(.*)", version = "(.*)"\)$', re.MULTILINE)
    versions = dict(pattern.findall((ours / "MODULE.bazel").read_text()))
    used = dict(pattern.findall((theirs / "MODULE.bazel").read_text()))
    assert used.pop("pycuda") in (ours / "MODULE.bazel").read_text()
    assert used == {name: versions[name] for name in used}
