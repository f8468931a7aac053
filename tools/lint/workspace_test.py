"""Which files the linters see."""

from pathlib import Path

import pytest

from tools.lint import workspace

_PYPROJECT = """
[tool.ruff]
target-version = "py311"
[tool.ruff.per-file-target-version]
"old" = "py39"
"sub/*" = "py313"
"""


def _write(root: Path, name: str, text: str = "") -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "python"),
    [
        ("a.py", "", True),
        ("stub.pyi", "", True),
        ("script", "#!/usr/bin/python3\n", True),
        ("script", "#!/usr/bin/env python3.11\n", True),
        ("script", "#!/usr/bin/python3 -BI\n", True),
        ("script", "#!/bin/sh\npython3\n", False),
        ("script", "python3\n", False),
        ("template.tmpl", "#!/usr/bin/python3\n", False),
        ("empty", "", False),
    ],
)
def test_python_is_told_by_name_or_first_line(tmp_path: Path, name: str, text: str, python: bool) -> None:
    _write(tmp_path, name, text)
    assert workspace.is_python(tmp_path / name) is python


def test_new_files_are_seen_and_leftovers_are_not(tmp_path: Path) -> None:
    for name in (
        "b.py",
        "a/deep/new.py",
        "bazel-out/x.py",
        "a/node_modules/x.py",
        ".venv/x.py",
        "a/__pycache__/x.py",
    ):
        _write(tmp_path, name)
    assert workspace.python_files(tmp_path) == [Path("b.py"), Path("a/deep/new.py")]


def test_each_file_is_checked_for_its_own_version(tmp_path: Path) -> None:
    _write(tmp_path, "pyproject.toml", _PYPROJECT)
    paths = [Path("a.py"), Path("old"), Path("sub/deep/b.py")]
    assert workspace.by_version(tmp_path, paths) == {
        "3.11": [paths[0]],
        "3.10": [paths[1]],
        "3.13": [paths[2]],
    }
