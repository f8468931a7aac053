"""Images for arm64, of which nothing is started here: dpkg's work is dpkg's, and the rest is as on amd64.

The rest is what maintainer scripts would do. For amd64 it is held against mmdebstrap (equivalence_test.py).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.equivalence.archive import read_locked
from tests.equivalence.differences import IMAGE, Difference, compare, problems, read_list
from tests.equivalence.invariants import Roots
from tests.equivalence.tree import Node, content, snapshot
from tests.equivalence.unscripted import unscripted
from tests.equivalence.words import as_on_amd64
from tools.deb_part.excludes import read_excludes
from tools.image_run.layout import open_image
from tools.image_run.unpack import can_set_owners, unpack

CPUS = ("amd64", "arm64")
PACKAGED = "a package's content"


@dataclass(frozen=True)
class Trees:
    """An image, and what dpkg alone makes of its packages."""

    image: Path
    dpkg: Path


@pytest.fixture(scope="module", name="trees")
def _trees(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Trees]:
    if not can_set_owners():
        pytest.skip("dpkg gives files to their owners, and the image has such: it takes root")
    rules = read_excludes(Path(os.environ["EXCLUDES"])).config()
    found = {}
    for arch in CPUS:
        folder = tmp_path_factory.mktemp(arch)
        unpack(open_image(Path(os.environ[arch.upper()])), folder / "image")
        top = (folder / "image").iterdir()
        links = {path.name: str(path.readlink()) for path in top if path.is_symlink()}
        locked = read_locked(Path(os.environ[f"{arch.upper()}_DEBS"]))
        found[arch] = Trees(folder / "image", unscripted(folder, locked, rules, links))
    return found


def test_dpkgs_work_is_dpkgs(trees: Mapping[str, Trees]) -> None:
    """Both images have each file of each package, and dpkg's database, as dpkg makes them."""
    for arch in CPUS:
        image, dpkg = trees[arch].image, trees[arch].dpkg
        found = compare(snapshot(image), snapshot(dpkg))
        found = [each for each in found if each.kind != IMAGE]  # what scripts add, see below
        wrong = _unlisted(found, Roots(image, dpkg), "UNPACKED")
        assert not wrong, "\n".join([arch, *wrong])


def test_scripts_would_do_the_same(trees: Mapping[str, Trees]) -> None:
    arm64, amd64 = (_as_amd64(trees[arch]) for arch in ("arm64", "amd64"))
    roots = Roots(trees["arm64"].image, trees["amd64"].image)
    assert len(arm64) > 3000
    wrong = _unlisted(compare(arm64, amd64), roots, "ARCHITECTURES")
    assert not wrong, "\n".join(wrong)


def _unlisted(found: Sequence[Difference], roots: Roots, name: str) -> list[str]:
    suite = read_locked(Path(os.environ["AMD64_DEBS"])).suite
    return problems(found, read_list(Path(os.environ[name])), roots, suite, os.environ["KIND"])


def _as_amd64(trees: Trees) -> dict[str, Node]:
    """The tree in the words of amd64; contents that are a package's own may be as they like."""
    alone = snapshot(trees.dpkg)
    found = {}
    for path, node in snapshot(trees.image).items():
        if node == alone.get(path):
            shown = replace(node, content=PACKAGED, links=())
        elif node.type == "-":
            text = (trees.image / path.lstrip("/")).read_bytes().decode(errors="surrogateescape")
            shown = replace(node, content=content(as_on_amd64(text).encode(errors="surrogateescape")))
        else:
            shown = replace(node, content=as_on_amd64(node.content))
        found[as_on_amd64(path)] = shown
    return found
