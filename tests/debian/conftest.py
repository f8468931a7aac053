"""The image under test, unpacked once, and what its lock says that it holds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from python.runfiles import Runfiles

from tools.image_run.layout import open_image
from tools.image_run.store import cached_root
from tools.image_run.unpack import remove_tree


def _runfile(name: str) -> Path:
    runfiles = Runfiles.Create()
    assert runfiles is not None
    found = runfiles.Rlocation(os.environ[name])
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
def mirrors() -> dict[str, list[str]]:
    """The mirrors of Debian that this machine uses, by archive."""
    archives: dict[str, list[str]] = json.loads(_runfile("MIRRORS").read_text())["archives"]
    return archives


@pytest.fixture(scope="session")
def excludes() -> Path:
    """The rules about paths that packages leave out."""
    return _runfile("EXCLUDES")
