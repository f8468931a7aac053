"""Runs pytest as a Bazel test: the main file of every `pytest_test` target.

Bazel speaks through environment variables, pytest through options; this translates. Called with the test
files and any further options of pytest as arguments, in the root of the runfiles tree.
"""

from __future__ import annotations

import faulthandler
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

# Before anything is imported from the runfiles, which may be links to the sources.
sys.dont_write_bytecode = True

import pytest  # noqa: E402

_FOLDERS = "pytest"  # in TEST_TMPDIR


def options(environment: Mapping[str, str]) -> list[str]:
    """Translates Bazel's test environment into options of pytest."""
    chosen = [f"--rootdir={Path.cwd()}", f"--config-file={environment['PYTEST_CONFIG']}"]
    if folder := environment.get("TEST_TMPDIR"):
        chosen.append(f"--basetemp={folder}/{_FOLDERS}")
    if report := environment.get("XML_OUTPUT_FILE"):
        chosen.append(f"--junit-xml={report}")
    if environment.get("TESTBRIDGE_TEST_RUNNER_FAIL_FAST") == "1":
        chosen.append("--exitfirst")
    return chosen


def select(files: list[str], wanted: str) -> list[str]:
    """Narrows the test files down to what `--test_filter` asks for: node ids or an expression for -k."""
    if not wanted:
        return files
    if "::" not in wanted and not wanted.endswith(".py"):
        return [*files, "-k", wanted]
    path, _, test = wanted.partition("::")
    chosen = [file for file in files if file == path or file.endswith(f"/{path}")]
    return [f"{file}::{test}" if test else file for file in chosen]


class Shard:
    """A pytest plugin that keeps every n-th test."""

    def __init__(self, index: int, total: int) -> None:
        self._index = index
        self._total = total

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Drops the tests of the other shards."""
        kept = items[self._index :: self._total]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def shard(environment: Mapping[str, str]) -> list[Shard]:
    """Makes the plugin for a sharded test and tells Bazel that sharding is understood."""
    total = int(environment.get("TEST_TOTAL_SHARDS", "1"))
    if status := environment.get("TEST_SHARD_STATUS_FILE"):
        Path(status).touch()
    return [Shard(int(environment["TEST_SHARD_INDEX"]), total)] if total > 1 else []


@contextmanager
def premature_exit_is_told(environment: Mapping[str, str]) -> Iterator[None]:
    """Keeps a file as long as tests run; Bazel fails a test that is over while the file is there."""
    file = environment.get("TEST_PREMATURE_EXIT_FILE")
    if file:
        Path(file).touch()
    yield
    if file:
        Path(file).unlink(missing_ok=True)


@contextmanager
def folders_go(environment: Mapping[str, str]) -> Iterator[None]:
    """Removes what the tests leave in their folders: Bazel does so only before the test's next run.

    Whole roots of images may be among it. Folders that may not be written go too.
    """
    yield
    left = Path(environment.get("TEST_TMPDIR", "/nonexistent"), _FOLDERS)
    shutil.rmtree(left, ignore_errors=True)
    for folder, names, _ in os.walk(left):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                with suppress(OSError):
                    path.chmod(0o700)
    shutil.rmtree(left, ignore_errors=True)


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Runs pytest and returns its exit code."""
    # Bazel ends a test that takes too long with SIGTERM: say where it hung, past what pytest captures.
    faulthandler.register(signal.SIGTERM, file=os.dup(sys.stderr.fileno()), chain=True)
    files = [argument for argument in arguments if argument.endswith(".py")]
    others = [argument for argument in arguments if not argument.endswith(".py")]
    wanted = environment.get("TESTBRIDGE_TEST_ONLY", "")
    chosen = select(files, wanted)
    plugins = shard(environment)
    if not chosen:
        print(f"no test file here is named by --test_filter={wanted}")
        return 0
    with premature_exit_is_told(environment), folders_go(environment):
        code = int(pytest.main([*options(environment), *chosen, *others], plugins=plugins))
    if code == pytest.ExitCode.NO_TESTS_COLLECTED and (wanted or plugins):
        return 0  # they are in another target or shard
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
