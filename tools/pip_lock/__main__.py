"""Writes wheel locks: `./bazelw run //venv:lock -- [--check] [--upgrade] [NAME...]`.

For each NAME, venv/locks/NAME.in is resolved for every platform and every Python from the one in its line
`# python: 3.11` on (3.9 without), and venv/locks/NAME.txt replaced. Packages come from the index that pip is
set up for. Without NAME, all locks. Bazel sets UV, the files of uv's wheel, and BUILD_WORKSPACE_DIRECTORY.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tools.common.errors import ToolError, run
from tools.pip_lock import locks, pip_config


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=locks.COMMAND, description="Write locks of Python packages.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="venv/locks/NAME.in is the source; default: all"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a lock is out of date")
    parser.add_argument(
        "--upgrade", action="store_true", help="move to the newest versions, not only where needed"
    )
    return parser.parse_args()


def _workspace() -> Path:
    folder = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if not folder:
        raise ToolError("not started by Bazel", remedy=f"{locks.COMMAND} NAME")
    return Path(folder)


def _uv() -> locks.Uv:
    programs = [Path(name).resolve() for name in os.environ.get("UV", "").split() if Path(name).name == "uv"]
    if not programs:
        raise ToolError("the uv wheel has no program named uv")
    shown = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True)
    if shown.returncode:
        raise ToolError(
            f"pip can't show its configuration\n{shown.stderr.strip()}", remedy="install python3-pip"
        )
    return locks.Uv(programs[0], pip_config.parse(shown.stdout.splitlines()), os.environ)


def main() -> int:
    """Writes or checks the locks; says what changed."""
    arguments = _arguments()
    workspace = _workspace()
    uv = _uv()
    stale = False
    for name in arguments.names or locks.names(workspace):
        path = workspace / locks.FOLDER / f"{name}.txt"
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = locks.compile_lock(uv, workspace, name, upgrade=arguments.upgrade)
        changed = locks.changes(old, new)
        stale = stale or bool(changed)
        shown = path.relative_to(workspace)
        print(
            f"{shown}: {'out of date' if arguments.check else 'written'}"
            if changed
            else f"{shown}: up to date"
        )
        print("".join(f"  {line}\n" for line in changed), end="")
        if changed and not arguments.check:
            locks.replace(path, new)
    if stale and arguments.check:
        print(f"refresh: {locks.COMMAND} {' '.join(arguments.names)}".rstrip(" -"), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    run(main)
