"""Runs ruff over every Python file of the workspace: its rules, then its format.

A Bazel test: RUFF names the files of ruff's wheel, one of which is the program. To repair what it finds:
`./bazelw run //tools/lint:ruff_test -- --fix`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools.common.errors import ToolError, run
from tools.lint import workspace


def main() -> int:
    """Runs ruff twice and reports both."""
    ruff = [Path(name).resolve() for name in os.environ["RUFF"].split() if Path(name).name == "ruff"]
    if not ruff:
        raise ToolError("the ruff wheel has no program named ruff")
    fix = "--fix" in sys.argv[1:]
    root = workspace.root()
    files = workspace.python_files(root)
    codes = [
        subprocess.run([ruff[0], *arguments, "--no-cache", "--force-exclude", *files], cwd=root).returncode
        for arguments in (
            ["check", *(["--fix"] if fix else [])],
            ["format", *([] if fix else ["--diff"])],
        )
    ]
    print(f"ruff looked at {len(files)} files")
    return max(codes)


if __name__ == "__main__":
    run(main)
