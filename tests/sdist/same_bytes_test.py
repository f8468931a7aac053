"""An sdist becomes the same bytes wherever it is built; and what is said where a compiler lacks something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.sdist.building import Building, sha256
from tools.sdist_wheel.sdist_writer import entry, write_sdist

_SETUP = """\
from setuptools import Extension, setup
setup(name="tiny", version="1.0", ext_modules=[Extension("tiny", ["tiny.c"], libraries=["{library}"])])
"""


@pytest.fixture(name="building")
def _building(tmp_path: Path) -> Building:
    (tmp_path / "out").mkdir()
    return Building(Path(os.environ["IMAGE"]), tmp_path / "out", wheels=[Path(os.environ["REQUIRES"])])


def test_the_bytes_depend_on_nothing_but_the_inputs(building: Building, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a longer way to the output"
    elsewhere.mkdir()
    environment = {"HOME": str(tmp_path), "LC_ALL": "C", "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7"}
    other = building.but(out=elsewhere, umask=0o077, env=environment)
    assert sha256(other.ok(Path(os.environ["SDIST"]))) == sha256(Path(os.environ["WHEEL"]))


@pytest.mark.parametrize(
    ("source", "library", "messages"),
    [
        (
            "#include <nowhere/tiny.h>\n",
            "m",
            [
                "| tiny.c:1:10: fatal error: nowhere/tiny.h: No such file",
                "The header nowhere/tiny.h is missing in",
            ],
        ),
        (
            "int tiny;\n",
            "nowhere",
            ["cannot find -lnowhere", "The library nowhere is missing in //some:image"],
        ),
    ],
)
def test_what_the_compiler_misses_is_named(
    source: str, library: str, messages: list[str], building: Building, tmp_path: Path
) -> None:
    sdist = write_sdist(
        tmp_path / "tiny-1.0.tar.gz",
        entry("tiny-1.0/setup.py", _SETUP.format(library=library).encode()),
        entry("tiny-1.0/tiny.c", source.encode()),
    )
    said = building.error(sdist)
    for message in messages:
        assert message in said
