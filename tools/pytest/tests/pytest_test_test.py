"""`pytest_test` understands what Bazel tells a test."""

from __future__ import annotations

import os
import subprocess
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

_FILE = "tools/pytest/tests/sample_test.py"
_SAMPLE = next(Path(path).absolute() for path in os.environ["SAMPLE"].split() if Path(path).name == "sample")


def _environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "TEST_SRCDIR")}
    return kept | {"PYTEST_CONFIG": "tools/pytest/pytest.toml", "TEST_TMPDIR": str(tmp_path)}


def _run(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(_SAMPLE), _FILE, *arguments],
        env=_environment(tmp_path) | environment,
        capture_output=True,
        text=True,
    )


def test_a_failure_fails_the_target_and_shows_values(tmp_path: Path) -> None:
    done = _run(tmp_path)
    assert done.returncode == 1
    assert "1 failed, 7 passed, 2 skipped" in done.stdout.splitlines()[-1]
    assert "assert {'a': 1} == {'a': 2}" in done.stdout
    assert f"FAILED {_FILE}::test_bad" in done.stdout


@pytest.mark.parametrize(
    ("wanted", "summary"),
    [
        ("good", "1 passed, 9 deselected"),
        ("good or folder", "2 passed, 8 deselected"),
        ("sample_test.py", "1 failed, 7 passed, 2 skipped"),
        (f"{_FILE}::test_good", "1 passed"),
        ("sample_test.py::test_numbers[3]", "1 passed"),
    ],
)
def test_a_filter_selects(tmp_path: Path, wanted: str, summary: str) -> None:
    last = _run(tmp_path, TESTBRIDGE_TEST_ONLY=wanted).stdout.splitlines()[-1]
    assert f" {summary} in " in last


def test_what_tests_leave_in_their_folders_goes(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    assert _run(tmp_path, TESTBRIDGE_TEST_ONLY="folder").returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


@pytest.mark.parametrize("wanted", ["no_such_test", "other_test.py", "other_test.py::test_good"])
def test_a_filter_for_another_target_passes(tmp_path: Path, wanted: str) -> None:
    assert _run(tmp_path, TESTBRIDGE_TEST_ONLY=wanted).returncode == 0


def test_no_tests_at_all_fail(tmp_path: Path) -> None:
    assert _run(tmp_path, "-k", "no_such_test").returncode == 5


def test_shards_share_all_tests(tmp_path: Path) -> None:
    names: list[str] = []
    for index in range(3):
        report, status = tmp_path / f"{index}.xml", tmp_path / f"{index}.status"
        environment = {"TEST_TOTAL_SHARDS": "3", "TEST_SHARD_INDEX": str(index)}
        _run(tmp_path, XML_OUTPUT_FILE=str(report), TEST_SHARD_STATUS_FILE=str(status), **environment)
        assert status.exists()
        names += [str(case.get("name")) for case in ET.parse(report).iter("testcase")]
    assert len(names) == len(set(names)) == 10


def test_fail_fast_stops_at_the_first_failure(tmp_path: Path) -> None:
    done = _run(tmp_path, TESTBRIDGE_TEST_RUNNER_FAIL_FAST="1")
    assert "1 failed, 1 passed" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(("extra", "left"), [({}, False), ({"SAMPLE_EXITS": "1"}, True)])
def test_a_test_that_ends_pytest_does_not_pass(tmp_path: Path, extra: dict[str, str], left: bool) -> None:
    file = tmp_path / "running"
    _run(tmp_path, TEST_PREMATURE_EXIT_FILE=str(file), **extra)
    assert file.exists() is left


def test_a_timeout_shows_where_it_hung(tmp_path: Path) -> None:
    sleeping = tmp_path / "sleeping"
    environment = _environment(tmp_path) | {
        "SAMPLE_SLEEPS": str(sleeping),
        "TESTBRIDGE_TEST_ONLY": "sleeping",
    }
    with subprocess.Popen(
        [str(_SAMPLE), _FILE], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        while not sleeping.exists():
            time.sleep(0.05)
        process.terminate()
        _, said = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "in test_sleeping" in said


def test_options_come_from_the_command_line_too(tmp_path: Path) -> None:
    assert "10 tests collected" in _run(tmp_path, "--collect-only", "-q").stdout


def test_this_name_is_left_out_by_args() -> None:
    pytest.fail("`args` of the target deselects it")


def test_nothing_is_written_beside_the_tests(tmp_path: Path) -> None:
    before = sorted(Path.cwd().rglob("*"))
    _run(tmp_path)
    assert sorted(Path.cwd().rglob("*")) == before
