"""Fifty wheels are used in the started image: without the packages that were found for them, with them, and
with all that apt would add.

The roots are those that cuda_image stacks, but for the environment: it has two gigabytes, so it is unpacked
once, and shown in each of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.libraries.unpacked import Environment, unpacked
from tests.libraries.uses import BROKEN, OTHERS, USES

_HERE = Path(__file__).absolute().parent
_PROGRAMS = {name: use.code for name, use in {**USES, **BROKEN}.items()} | dict(OTHERS)
_ROOTS = ("nothing", "elf", "apt")


@pytest.fixture(scope="module", name="environment")
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with unpacked(tmp_path_factory.mktemp("libraries"), _PROGRAMS) as environment:
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


@pytest.mark.parametrize("root", _ROOTS)
def test_the_others_work_anywhere(environment: Environment, root: str) -> None:
    outcomes = environment.outcomes(root)
    assert {name: outcomes[name].said for name in OTHERS if outcomes[name].code != 0} == {}


@pytest.mark.parametrize("root", _ROOTS)
@pytest.mark.parametrize("name", BROKEN)
def test_what_nothing_in_debian_helps(environment: Environment, name: str, root: str) -> None:
    outcome = environment.outcomes(root)[name]
    assert outcome.code == 1, outcome.said
    assert BROKEN[name].lacks in outcome.said


def test_no_distribution_is_left_out(environment: Environment) -> None:
    """Nor is any without a reason among those that need packages: so says the list that was committed."""
    assert _PROGRAMS.keys() == environment.distributions()
    packages = json.loads((_HERE / "native_py311.pkgdeps.json").read_text())["packages"]["amd64"]
    assert USES.keys() == {name for each in packages.values() for name in each["by"]} & _PROGRAMS.keys()
