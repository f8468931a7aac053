"""Our layers, stacked, are what the real mmdebstrap makes of the same .debs, but for listed differences."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.equivalence.archive import read_locked
from tests.equivalence.differences import compare, problems, read_list
from tests.equivalence.invariants import Roots
from tests.equivalence.layers import stacked
from tests.equivalence.reference import mmdebstrap
from tests.equivalence.tree import snapshot
from tools.image_run.unpack import can_set_owners

LAYERS = [Path(layer) for layer in os.environ["LAYERS"].split()]


@pytest.fixture(scope="module", name="roots")
def _roots(tmp_path_factory: pytest.TempPathFactory) -> Roots:
    if not can_set_owners():
        pytest.skip("mmdebstrap gives files to users of the new root, and so do our layers: this takes root")
    folder = tmp_path_factory.mktemp("roots")
    locked = read_locked(Path(os.environ["DEBS"]))
    reference = mmdebstrap(folder, locked, Path(os.environ["EXCLUDES"]))
    print(f"mmdebstrap took {reference.seconds:.1f} s for {len(locked.debs)} packages of {locked.suite}")
    return Roots(stacked(folder / "image", LAYERS), reference.root)


def test_only_listed_differences(roots: Roots) -> None:
    found = compare(snapshot(roots.image), snapshot(roots.reference))
    suite = read_locked(Path(os.environ["DEBS"])).suite
    entries = read_list(Path(os.environ["DIFFERENCES"]))
    wrong = problems(found, entries, roots, suite, os.environ["STACK"])
    assert not wrong, "\n".join(wrong)
