"""Writes which Debian packages an image's environment needs, and their lock: `bazel run :NAME_pkgdeps`.

Two files in the source tree, beside the BUILD file and only together: NAME.pkgdeps.json says which packages
and why, NAME.apt.json locks them. The rule is //images/private:pkgdeps.bzl; it names by the variable PKGDEPS
the file that says which image.
"""

import argparse
import os
from pathlib import Path

from tools.apt_lock import lockfile
from tools.apt_lock.options import add_origin, read_origin
from tools.apt_lock.refresh import read_old, read_old_lock
from tools.common.errors import ToolError, run
from tools.lib_closure.pkgdeps import PkgDeps, read_pkgdeps
from tools.pkgdeps.find import Result, find
from tools.pkgdeps.plan import Plan, read_plan
from tools.pkgdeps.report import changes, costs, to_do


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run NAME_pkgdeps --",
        description="Writes which Debian packages an image's environment needs, and locks them.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    add_origin(parser)
    return parser


def main() -> int:
    """Does what the options say."""
    args = _parser().parse_args()
    file = os.environ.get("PKGDEPS")
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    if not file or not workspace:
        raise ToolError("it is not known which image", remedy="Start it with: bazel run NAME_pkgdeps")
    plan = read_plan(Path(file))
    working = Path(os.environ.get("BUILD_WORKING_DIRECTORY", workspace))
    origin = read_origin(args, working, plan.mirrors, command=plan.update)
    return _update(plan, Path(workspace), find(plan, origin), check=args.check)


def _update(plan: Plan, workspace: Path, new: Result, *, check: bool) -> int:
    """Writes what has changed, or says that it has."""
    pkgdeps, lock = workspace / plan.pkgdeps, workspace / plan.lock
    wanted = any(new.pkgdeps.packages.values())
    if not wanted:
        print(f"{plan.name} needs no packages beside those of its base.")
        if not pkgdeps.exists() and not lock.exists():
            return 0
    old = _old_pkgdeps(pkgdeps), read_old_lock(lock)[1]
    lines = list(changes(plan, old, new))
    print("\n".join([*lines, *costs(new)]), flush=True)
    stale = any(line.startswith("  ") for line in lines) or None in old
    if check:
        if stale:
            print(f"{plan.pkgdeps} and {plan.lock} are stale; write them anew: {plan.update}")
        return 1 if stale else 0
    lockfile.write_together({pkgdeps: new.pkgdeps.dumps(), lock: lockfile.dumps(new.lock)})
    print("\n".join(to_do(plan, workspace)) if wanted else "Nothing is left in either file.")
    return 0


def _old_pkgdeps(path: Path) -> PkgDeps | None:
    return read_old(path, lambda _, file: read_pkgdeps(file, ""), "list", "package")[1]


if __name__ == "__main__":
    run(main)
