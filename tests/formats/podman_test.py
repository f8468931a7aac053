"""One image with a layer of each format, taken in by podman."""

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.formats.entries import expected, found
from tests.seed.podman import Podman

_FORMATS = ["gzip", "zstd", "estargz"]


@pytest.fixture
def podman(tmp_path: Path) -> Iterator[Podman]:
    engine = Podman(tmp_path / "podman")
    try:
        yield engine
    finally:
        engine.close()


@pytest.mark.parametrize("source", ["IMAGE", "TARBALL"])
def test_podman_has_all_that_the_layers_hold(podman: Podman, tmp_path: Path, source: str) -> None:
    given = Path(os.environ[source])
    if source == "IMAGE":
        podman.pull(given, "formats")
    else:
        podman.ok("load", "--input", str(given))
    container = podman.ok("create", "localhost/formats", "/none").strip()
    podman.ok("export", "--output", str(tmp_path / "flat.tar"), container)
    with tarfile.open(tmp_path / "flat.tar") as archive:
        listed = found(archive)
    # A container's tar may name either of two hard links first.
    linked = {"hardlink", "file"}
    for kind in _FORMATS:
        wanted = {fact[0]: fact for fact in expected(kind)}
        there = {fact[0]: fact for fact in listed if fact[0].split("/")[0] == kind}
        assert there.keys() == wanted.keys()
        for path, fact in wanted.items():
            if {fact[1], there[path][1]} == linked or fact[1] == "hardlink":
                assert there[path][2:5] == fact[2:5]
            else:
                assert there[path] == fact
