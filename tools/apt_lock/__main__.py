"""Writes apt locks: `bazel run //apt:lock -- SUITE... [--check] [--snapshot URL]`.

For each NAME it reads NAME.in.json (the sets to install), lets the real apt-get solve them, and writes
NAME.json beside it; and NAME.sonames.json, where the input asks for it. Bazel passes `--mirrors`, the file in
which the module extension notes where the archives are on this machine, `--decisions`, the policy for sonames
that several packages have, and `--locks`, the folder of the suites that are known by name.
"""

import argparse
import os
from pathlib import Path

from python.runfiles import Runfiles

from tools.apt_lock.choose import read_decisions
from tools.apt_lock.options import add_origin, read_origin
from tools.apt_lock.refresh import SUFFIX, Refresh
from tools.common.errors import ToolError, run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //apt:lock --", description="Refresh the locks of Debian suites."
    )
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", help="a suite or a path ending in .in.json; all if none"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a lock is stale")
    add_origin(parser)
    parser.add_argument("--mirrors", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--decisions", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--locks", type=Path, required=True, help=argparse.SUPPRESS)
    return parser


def main() -> int:
    """Locks each suite that was asked for."""
    args = _parser().parse_args()
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    working = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    inputs = _inputs(args.suites, workspace, args.locks, working)
    origin = read_origin(args, working, _runfile(args.mirrors), "./bazelw run //apt:lock")
    refresh = Refresh(origin, read_decisions(_runfile(args.decisions)), args.check)
    stale = [name for name, path in inputs.items() if refresh.one(name, path)]
    return 1 if args.check and stale else 0


def _inputs(names: list[str], workspace: Path, locks: Path, working: Path) -> dict[str, Path]:
    known = {path.name.removesuffix(SUFFIX): path for path in sorted((workspace / locks).glob(f"*{SUFFIX}"))}
    found = {}
    for name in names or known:
        path = working / name if name.endswith(SUFFIX) else known.get(name)
        if path is None:
            raise ToolError(
                f"unknown suite {name!r}; known are: {', '.join(known)}",
                remedy=f"A suite is added by writing {locks}/{name}{SUFFIX}.",
            )
        if not path.is_file():
            raise ToolError("there is no such file", file=path)
        found[name] = path
    return found


def _runfile(path: str) -> Path:
    runfiles = Runfiles.Create()
    return Path(runfiles.Rlocation(path) or path) if runfiles else Path(path)


if __name__ == "__main__":
    run(main)
