"""The workspace as linters see it: where it is, and which of its files are Python.

For tests that check sources in place; they must not be sandboxed.
"""

from __future__ import annotations

import fnmatch
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tools.common.errors import ToolError

_SHEBANG = re.compile(rb"#!.*\bpython3?(\.\d+)?\b")
# Not sources: what Bazel, npm and Python leave in a workspace, and everything hidden.
_SKIPPED = ("bazel-*", "node_modules", "__pycache__", ".*")
# The oldest version whose rules mypy still knows.
_OLDEST_MYPY = (3, 10)


def root() -> Path:
    """Finds the workspace behind the runfiles: MODULE.bazel there is a link to the source."""
    module = Path("MODULE.bazel").resolve()
    if not (module.parent / "BUILD.bazel").is_file() or "runfiles" in module.parent.as_posix():
        raise ToolError("this is not the workspace; run the test locally", file=str(module.parent))
    return module.parent


def files(workspace: Path) -> Iterator[Path]:
    """Yields the source files of a workspace, relative to it, in a stable order."""
    for folder, folders, names in os.walk(workspace):
        folders[:] = sorted(name for name in folders if not _is_skipped(name))
        here = Path(folder).relative_to(workspace)
        yield from (here / name for name in sorted(names) if not _is_skipped(name))


def _is_skipped(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in _SKIPPED)


def is_python(path: Path) -> bool:
    """Whether a file is Python: by its suffix, or by its first line when it has none."""
    if path.suffix:
        return path.suffix in (".py", ".pyi")
    if not path.is_file() or path.is_symlink():
        return False
    with path.open("rb") as file:
        return _SHEBANG.match(file.readline(200)) is not None


def python_files(workspace: Path) -> list[Path]:
    """Lists the Python files of a workspace, relative to it."""
    return [path for path in files(workspace) if is_python(workspace / path)]


def by_version(workspace: Path, paths: list[Path]) -> dict[str, list[Path]]:
    """Groups files by the Python version to check them for, which pyproject.toml says for ruff."""
    with (workspace / "pyproject.toml").open("rb") as file:
        ruff = tomllib.load(file)["tool"]["ruff"]
    groups: dict[str, list[Path]] = {}
    for path in paths:
        version = ruff["target-version"]
        for pattern, other in ruff.get("per-file-target-version", {}).items():
            if fnmatch.fnmatchcase(path.as_posix(), pattern):
                version = other
        groups.setdefault(_mypy_version(version), []).append(path)
    return groups


def _mypy_version(target: str) -> str:
    """Turns py39 into 3.10, the nearest that mypy knows."""
    version = max((int(target[2]), int(target[3:])), _OLDEST_MYPY)
    return ".".join(map(str, version))
