"""The image under test, unpacked once, and what its lock says that it holds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from python.runfiles import Runfiles

from tests.debian.runner import Run
from tools.image_run.layout import open_image
from tools.image_run.store import cached_root
from tools.image_run.unpack import remove_tree
from tools.testing.debian_sources import mirrored

Json = dict[str, Any]


def _runfile(name: str) -> Path:
    return _located(os.environ[name])


def _located(path: str) -> Path:
    runfiles = Runfiles.Create()
    assert runfiles is not None
    found = runfiles.Rlocation(path)
    assert found is not None
    return Path(found)


@pytest.fixture(scope="session")
def layout() -> Path:
    """The image, as an OCI layout."""
    return _runfile("IMAGE")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for XDG_CACHE_HOME, where image_run looks for unpacked images."""
    folder = tmp_path_factory.mktemp("cache")
    yield folder
    remove_tree(str(folder))


@pytest.fixture(scope="session")
def root(layout: Path, cache: Path) -> Iterator[Path]:
    """The image's root. No test may write to it."""
    with cached_root(open_image(layout), cache / "pycuda/roots") as folder:
        yield folder


@pytest.fixture(scope="session")
def locked(layout: Path) -> dict[str, tuple[str, str]]:
    """Version and architecture of every package that the lock puts into the image."""
    lock = json.loads(_runfile("LOCK").read_text())
    arch = open_image(layout).config.platform.removeprefix("linux/")
    sets = os.environ["SETS"].split()
    names = [name for each in sets for name in lock["sets"][each]["packages"][arch]]
    assert len(names) == len(set(names)) > 50
    packages = lock["packages"][arch]
    return {name: (packages[name]["version"], packages[name]["architecture"]) for name in names}


@pytest.fixture(scope="session")
def hashes(locked: dict[str, tuple[str, str]], layout: Path) -> dict[str, str]:
    """The SHA-256 that the lock has of each of these packages."""
    arch = open_image(layout).config.platform.removeprefix("linux/")
    packages = json.loads(_runfile("LOCK").read_text())["packages"][arch]
    return {name: packages[name]["sha256"] for name in locked}


@pytest.fixture(scope="session")
def sbom() -> list[Json]:
    """The components of the image's bill of materials, in CycloneDX."""
    (name,) = [name for name in os.environ["SBOM"].split() if name.endswith(".cdx.json")]
    found: list[Json] = json.loads(_located(name).read_text())["components"]
    return found


@pytest.fixture(scope="session")
def excludes() -> Path:
    """The rules about paths that packages leave out."""
    return _runfile("EXCLUDES")


@pytest.fixture
def run(layout: Path, root: Path, cache: Path) -> Run:
    """Starts commands in the image, which is unpacked by then."""
    return Run(layout, cache)


@pytest.fixture
def online(root: Path, tmp_path: Path) -> list[str]:
    """Options with which a command reaches packages as this machine does."""
    mirrors = json.loads(_runfile("MIRRORS").read_text())["archives"]
    options = ["--network", "host", "--bind", "/etc/resolv.conf:/etc/resolv.conf:ro"]
    found = [path for path in (root / "etc/apt").rglob("*") if path.name.endswith((".list", ".sources"))]
    assert found
    for path in found:
        file = tmp_path / path.name
        file.write_text(mirrored(path.read_text(), os.environ["SUITE"], mirrors))
        options += ["--bind", f"{file}:/{path.relative_to(root)}:ro"]
    for url in (url for urls in mirrors.values() for url in urls[:1]):
        if url.startswith("file://"):
            options += ["--bind", "{0}:{0}:ro".format(url.removeprefix("file://"))]
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        options += ["--env", name] if os.environ.get(name) else []
    return options
