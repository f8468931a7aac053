"""Tests that pass and fail on purpose; pytest_test_test runs them."""

import os
import sys
import time
from pathlib import Path

import pytest


def test_good(from_conftest: str) -> None:
    assert from_conftest == "conftest"


def test_bad() -> None:
    left, right = {"a": 1}, {"a": 2}
    assert left == right


@pytest.mark.parametrize("number", range(5))
def test_numbers(number: int) -> None:
    assert number < 10


def test_folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (tmp_path / "file").touch()
    closed = tmp_path_factory.mktemp("closed")
    (closed / "file").touch()
    closed.chmod(0o500)
    print("folder:", tmp_path)
    assert tmp_path.is_relative_to(os.environ["TEST_TMPDIR"])
    assert sys.dont_write_bytecode


@pytest.mark.skipif("SAMPLE_SLEEPS" not in os.environ, reason="takes too long on purpose")
def test_sleeping() -> None:
    Path(os.environ["SAMPLE_SLEEPS"]).touch()
    time.sleep(60)


@pytest.mark.skipif("SAMPLE_EXITS" not in os.environ, reason="ends pytest on purpose")
def test_exiting() -> None:
    os._exit(0)
