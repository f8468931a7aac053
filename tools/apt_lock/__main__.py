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
from tools.apt_lock.mirrors import read_mirrors, snapshot_mirrors
from tools.apt_lock.refresh import SUFFIX, Refresh
from tools.apt_lock.session import KEYRINGS, Origin
from tools.common.errors import ToolError, run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //apt:lock --", description="Refresh the locks of Debian suites."
    )
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", help="a suite or a path ending in .in.json; all if none"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a lock is stale")
    parser.add_argument(
        "--snapshot", metavar="URL", help="lock from this mirror, whose Release files may have expired"
    )
    parser.add_argument(
        "--security-snapshot", metavar="URL", help="its security archive; default: the sibling folder"
    )
    parser.add_argument(
        "--keyring", type=Path, metavar="FILE", help="trust these keys, not the Debian archive's"
    )
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
    snapshot = args.snapshot is not None
    mirrors = (
        snapshot_mirrors(args.snapshot, args.security_snapshot)
        if snapshot
        else read_mirrors(_runfile(args.mirrors))
    )
    origin = Origin(mirrors, _keyring(args.keyring and working / args.keyring), snapshot)
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


def _keyring(given: Path | None) -> Path:
    for keyring in (given,) if given else KEYRINGS:
        if keyring.is_file():
            return keyring
    raise ToolError(
        f"there is no keyring at {given or KEYRINGS[-1]}, so no signature can be checked",
        remedy="Install the package debian-archive-keyring, or name a keyring with --keyring FILE.",
    )


if __name__ == "__main__":
    run(main)
