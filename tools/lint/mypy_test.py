"""Runs mypy --strict over every Python file of the workspace. A Bazel test without arguments.

mypy runs inside this very process, so that it sees the packages that the target depends on.
"""

from __future__ import annotations

import os
import sys

from mypy import api

from tools.common.errors import run
from tools.lint import workspace


def main() -> int:
    """Checks each group of files for its oldest Python version."""
    root = workspace.root()
    os.chdir(root)
    worst = 0
    for version, files in workspace.by_version(root, workspace.python_files(root)).items():
        print(f"Python {version}: {len(files)} files")
        options = ["--config-file=pyproject.toml", f"--python-version={version}", f"--cache-dir={os.devnull}"]
        report, errors, code = api.run([*options, *map(str, files)])
        print(report, end="")
        print(errors, end="", file=sys.stderr)
        worst = max(worst, code)
    return worst


if __name__ == "__main__":
    run(main)
