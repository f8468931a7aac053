"""Distributions that the curated hints know are used in the started image: without the packages that were
found for them, with them, and with all that apt would add. The hints are held against the wheels' files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.libraries.hinted.uses import DRAWING, OTHERS, USES
from tests.libraries.unpacked import Environment, unpacked
from tools.lib_closure.hints import read_hints

_HERE = Path(__file__).absolute().parent
_HINTS = read_hints([Path(os.environ["HINTS"])])
_PROGRAMS = {name: use.code for name, use in USES.items()} | dict(OTHERS)
_DRAWING = {f"{name} draws": use for name, use in DRAWING.items()}


@pytest.fixture(scope="module", name="environment")
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    programs = _PROGRAMS | {name: use.code for name, use in _DRAWING.items()}
    with unpacked(tmp_path_factory.mktemp("hinted"), programs) as environment:
        yield environment


@pytest.mark.parametrize("name", USES)
def test_without_the_packages_it_says_what_is_missing(environment: Environment, name: str) -> None:
    outcome = environment.outcomes("nothing")[name]
    assert outcome.code == 1, outcome.said
    assert USES[name].lacks in outcome.said


@pytest.mark.parametrize("root", ["elf", "apt"])
@pytest.mark.parametrize("name", USES)
def test_with_the_packages_it_works(environment: Environment, name: str, root: str) -> None:
    outcome = environment.outcomes(root)[name]
    assert outcome.code == 0, outcome.said


@pytest.mark.parametrize("root", ["nothing", "elf", "apt"])
@pytest.mark.parametrize("name", OTHERS)
def test_the_others_work_anywhere(environment: Environment, name: str, root: str) -> None:
    outcome = environment.outcomes(root)[name]
    assert outcome.code == 0, outcome.said


@pytest.mark.parametrize("name", _DRAWING)
def test_drawing_takes_what_apt_adds(environment: Environment, name: str) -> None:
    without, drawn = (environment.outcomes(root)[name] for root in ("elf", "apt"))
    assert without.code == 1, without.said
    assert _DRAWING[name].lacks in without.said
    assert drawn.code == 0, drawn.said


# No list of packages tells what the former needs, as each image has that.
@pytest.mark.parametrize("name", ["nvidia-cufile", "vtk"])
def test_it_opens_what_hints_say(environment: Environment, name: str) -> None:
    (hint,) = (hint for hint in _HINTS.dlopen if hint.distribution == name)
    assert sorted(environment.outcomes("elf")[name].said.split()) == sorted(hint.sonames)


def test_no_distribution_is_left_out(environment: Environment) -> None:
    """Nor is any without a reason among those that need packages: so says the list that was committed."""
    assert _PROGRAMS.keys() == environment.distributions()
    packages = json.loads((_HERE / "hinted_py311.pkgdeps.json").read_text())["packages"]["amd64"]
    assert USES.keys() == {name for each in packages.values() for name in each["by"]} & _PROGRAMS.keys()


def test_files_that_hints_name_are_there(environment: Environment) -> None:
    """What other releases had would only hide that something is missing."""
    there = environment.distributions()
    named = [pattern for hint in _HINTS.plugins if hint.distribution in there for pattern in hint.files]
    assert named
    assert [pattern for pattern in named if not environment.files(pattern)] == []


def test_libraries_of_wheels_of_nvidia_are_there(environment: Environment) -> None:
    there = environment.distributions()
    named = [soname for hint in _HINTS.nvidia if hint.wheel in there for soname in hint.sonames]
    assert named
    assert [soname for soname in named if not environment.files(f"nvidia/*/lib/{soname}")] == []
