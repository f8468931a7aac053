"""Runs buildifier over every Starlark file of the workspace: its format, then its warnings.

A Bazel test, tagged manual, for the program comes from npm: `npm ci --prefix tools/lint` first. To repair
what it finds: `./bazelw run //tools/lint:buildifier_test -- --fix`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools.common.errors import ToolError, run
from tools.lint import workspace

_FOLDER = "tools/lint/node_modules/@bazel/buildifier"
_MACHINES = {"aarch64": "arm64", "x86_64": "amd64"}


def is_starlark(path: Path) -> bool:
    """Whether buildifier knows the file."""
    return path.suffix in (".bazel", ".bzl") or path.name in ("BUILD", "WORKSPACE")


def main() -> int:
    """Runs buildifier and reports what it finds."""
    root = workspace.root()
    program = root / _FOLDER / f"buildifier-linux_{_MACHINES.get(os.uname().machine, '')}"
    if not program.is_file():
        raise ToolError("not installed", file=str(program), remedy="npm ci --prefix tools/lint")
    files = [path for path in workspace.files(root) if is_starlark(path)]
    modes = ["--mode=fix", "--lint=fix"] if "--fix" in sys.argv[1:] else ["--mode=diff", "--lint=warn"]
    code = subprocess.run([program, *modes, "--diff_command=diff -u", *files], cwd=root).returncode
    print(f"buildifier looked at {len(files)} files")
    return code


if __name__ == "__main__":
    run(main)
