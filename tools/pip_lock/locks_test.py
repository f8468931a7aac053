"""Comparing locks, and keeping hosts and paths out of them."""

from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.pip_lock import locks

_OLD = """\
# header
six==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
tiny[extra]==1.0 ; python_version < '3.10' \\
    --hash=sha256:cc
tiny[extra]==2.0 ; python_version >= '3.10' \\
    --hash=sha256:dd
"""


def test_preferences_have_versions_and_no_hashes() -> None:
    assert locks.preferences(_OLD) == (
        "six==1.0\ntiny[extra]==1.0 ; python_version < '3.10'\ntiny[extra]==2.0 ; python_version >= '3.10'\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "six==1.0", ["six: not there -> 1.0"]),
        ("six==1.0", "", ["six: 1.0 -> gone"]),
        ("six==1.0", "six==1.1", ["six: 1.0 -> 1.1"]),
        ("six==1.0", "six==1.0 ; os_name == 'nt'", ["six: 1.0 -> 1.0 ; os_name == 'nt'"]),
        ("six==1 \\\n --hash=a", "six==1 \\\n --hash=b \\\n --hash=c", ["six==1: 1 hashes gone, 2 added"]),
        ("# one\nsix==1", "# two\nsix==1", ["order or comments"]),
        ("six==1", "six==1", []),
    ],
)
def test_changes_are_told_by_package(old: str, new: str, expected: list[str]) -> None:
    assert locks.changes(old, new) == expected


@pytest.mark.parametrize(
    ("source", "expected"), [("six", "3.9"), ("# python: 3.11\nsix", "3.11"), ("six # python: 3.8", "3.9")]
)
def test_the_oldest_python_comes_from_the_source(source: str, expected: str) -> None:
    assert locks.python_version(source) == expected


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://user:pass@index.invalid/simple",
        "--find-links /opt/wheels",
        "six @ file:///tmp/six.whl",
        "-e ./here",
        "/tmp/six.whl",
    ],
)
def test_a_lock_with_a_host_or_a_path_is_refused(line: str) -> None:
    with pytest.raises(ToolError, match="would name a host or a path"):
        locks.checked(f"# header: ./bazelw\nsix==1.0\n{line}\n", "venv/locks/app.in")


def test_replacing_is_all_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock.txt"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        locks.replace(path, "new \udcff")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    locks.replace(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644
