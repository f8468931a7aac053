"""What a hub of wheels promises, whoever makes it: upstream's rules_python or the drop-in."""

import importlib
import json
import os
import zipfile
from pathlib import Path

import pytest

_HERE = Path("tests/airgap/python")


def _facts(name: str) -> dict[str, list[str]]:
    facts = json.loads((_HERE / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(facts, dict)
    return facts


def _names(wheels: list[str]) -> list[str]:
    return sorted(wheel.partition("-")[0].lower() for wheel in wheels)


def test_location_of_whl_is_one_wheel() -> None:
    wheel = Path(os.environ["WHEEL"])
    assert wheel.name.startswith("markupsafe-")
    with zipfile.ZipFile(wheel) as archive:
        assert any(name.endswith(".dist-info/METADATA") for name in archive.namelist())


@pytest.mark.parametrize("name", ["cuda_x86", "markupsafe_311_x86", "pytest_311", "requests_313"])
def test_whl_has_one_file(name: str) -> None:
    (wheel,) = _facts(name)["files"]
    assert wheel in _facts(name)["closure"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cuda_x86", ["nvidia_cuda_runtime_cu12"]),
        ("markupsafe_311_x86", ["markupsafe"]),
        # Not colorama, which is for Windows, nor what only Pythons before 3.11 need.
        ("pytest_311", ["iniconfig", "packaging", "pluggy", "pygments", "pytest"]),
        pytest.param(
            "pytest_39",
            [
                "exceptiongroup",
                "iniconfig",
                "packaging",
                "pluggy",
                "pygments",
                "pytest",
                "tomli",
                "typing_extensions",
            ],
            marks=pytest.mark.skipif(
                os.environ["IS_DROPIN"] != "1",
                reason="upstream asks the toolchain, and a single local one is of another version",
            ),
        ),
        # PySocks comes with the extra that the lock asks for.
        ("requests_313", ["certifi", "charset_normalizer", "idna", "pysocks", "requests", "urllib3"]),
    ],
)
def test_an_aspect_over_data_reaches_what_the_target_needs(name: str, expected: list[str]) -> None:
    assert _names(_facts(name)["closure"]) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("cuda_x86", ["py3", "none", "x86_64"]),
        ("cuda_arm", ["py3", "none", "aarch64"]),
        ("markupsafe_39_x86", ["cp39", "cp39", "x86_64"]),
        ("markupsafe_311_x86", ["cp311", "cp311", "x86_64"]),
        ("markupsafe_311_arm", ["cp311", "cp311", "aarch64"]),
    ],
)
def test_each_platform_and_python_has_its_wheel(name: str, tags: list[str]) -> None:
    (wheel,) = _facts(name)["files"]
    python, abi, platform = wheel.removesuffix(".whl").split("-")[-3:]
    assert [python, abi] == tags[:2]
    assert all("manylinux" in part and part.endswith(tags[2]) for part in platform.split("."))


def test_the_version_is_that_of_the_pin_for_the_python() -> None:
    versions = {name: _facts(name)["files"][0].split("-")[1] for name in ("pytest_39", "pytest_311")}
    assert versions["pytest_39"].startswith("8.")
    assert versions["pytest_311"].startswith("9.")


def test_dist_info_is_that_of_the_package() -> None:
    names = {Path(path).name for path in os.environ["DIST_INFO"].split()}
    assert {"METADATA", "WHEEL"} <= names


@pytest.mark.parametrize("module", ["requests", "urllib3", "charset_normalizer", "socks"])
def test_pkg_can_be_imported_with_its_closure(module: str) -> None:
    assert "site-packages" in str(importlib.import_module(module).__file__)
