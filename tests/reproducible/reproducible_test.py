"""Builds the image twice from nothing, in two places and circumstances, and compares digests.

What is written about it is compared as well.
"""

import os
from pathlib import Path

from tests.reproducible.compare import difference
from tests.reproducible.nested import Surroundings, built, copy_workspace
from tools.image_run.layout import open_image
from tools.lint.workspace import root

_TARGET = os.environ["REPRODUCIBLE_TARGET"]
_DOCUMENTS = "//images:runtime_py311_amd64_sbom"
_IMAGE = Path(os.environ["REPRODUCIBLE_IMAGE"]).absolute()


def test_same_image_from_two_empty_output_bases(tmp_path: Path) -> None:
    here = Surroundings(
        workspace=root(),
        output_base=tmp_path / "one",
        umask=0o022,
        variables={"LC_ALL": "C", "LANG": "C", "TZ": "UTC"},
    )
    elsewhere = Surroundings(
        workspace=tmp_path / "copy",
        output_base=tmp_path / "the/other/output/base",
        umask=0o077,
        variables={"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Pacific/Chatham"},
    )
    elsewhere.output_base.parent.mkdir(parents=True)
    copy_workspace(here.workspace, elsewhere.workspace, elsewhere.umask)
    with built(_TARGET, here, _DOCUMENTS) as first:
        print(f"{_TARGET} is {open_image(first).digest}")
        assert difference(_IMAGE, first) == "", "built with the caches of this test run, and without"
        with built(_TARGET, elsewhere, _DOCUMENTS) as second:
            assert difference(first, second) == ""
            assert documents(first) == documents(second)


def documents(image: Path) -> dict[str, bytes]:
    """What was written about an image, beside it: SPDX, CycloneDX and provenance."""
    kinds = ("spdx", "cdx", "provenance")
    return {kind: next(image.parent.glob(f"*_amd64.{kind}.json")).read_bytes() for kind in kinds}
