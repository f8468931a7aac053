"""An image has what the real mmdebstrap makes of the same .debs, but for listed differences."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.equivalence.archive import read_locked
from tests.equivalence.differences import compare, problems, read_list
from tests.equivalence.invariants import Roots
from tests.equivalence.reference import mmdebstrap
from tests.equivalence.tree import snapshot
from tools.image_run.layout import open_image
from tools.image_run.unpack import can_set_owners, unpack


@pytest.fixture(scope="module", name="roots")
def _roots(tmp_path_factory: pytest.TempPathFactory) -> Roots:
    if not can_set_owners():
        pytest.skip("mmdebstrap gives files to users of the new root, and so does the image: this takes root")
    folder = tmp_path_factory.mktemp("roots")
    locked = read_locked(Path(os.environ["DEBS"]))
    reference = mmdebstrap(folder, locked, Path(os.environ["EXCLUDES"]))
    print(f"mmdebstrap took {reference.seconds:.1f} s for {len(locked.debs)} packages of {locked.suite}")
    unpack(open_image(Path(os.environ["IMAGE"])), folder / "image")
    return Roots(folder / "image", reference.root)


def test_only_listed_differences(roots: Roots) -> None:
    suite, kind = read_locked(Path(os.environ["DEBS"])).suite, os.environ["KIND"]
    found = compare(snapshot(roots.image), snapshot(roots.reference))
    wrong = problems(found, read_list(Path(os.environ["DIFFERENCES"])), roots, suite, kind)
    assert not wrong, "\n".join(wrong)
