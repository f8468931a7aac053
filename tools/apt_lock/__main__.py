"""Writes apt locks: `bazel run //apt:lock -- SUITE... [--check] [--snapshot URL]`.

For each NAME it reads NAME.in.json (the sets to install), lets the real apt-get solve them, and writes
NAME.json beside it. Bazel passes `--mirrors`, the file in which the module extension notes where the
archives are on this machine, and `--locks`, the folder of the suites that are known by name.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from python.runfiles import Runfiles

from tools.apt_lock import lockfile
from tools.apt_lock.apt import KEYRINGS, Apt, Origin
from tools.apt_lock.difference import difference, summary
from tools.apt_lock.inputs import Input, read_input
from tools.apt_lock.mirrors import MAIN, SECURITY, read_mirrors, snapshot_mirrors
from tools.common.errors import ToolError, raise_all, run

SUFFIX = ".in.json"


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
    stale = [name for name, path in inputs.items() if _refresh(name, path, origin, check=args.check)]
    return 1 if args.check and stale else 0


def _refresh(name: str, path: Path, origin: Origin, *, check: bool) -> bool:
    """Locks the input that the caller called `name`; True when the old lock has other packages."""
    wanted = read_input(path)
    target = path.with_name(path.name.removesuffix(SUFFIX) + ".json")
    text, old = _read_old(target)
    new = _solve(path, wanted, origin)
    lines = difference(old, new)
    print(f"{target.name}: {summary(old, new)}")
    print("\n".join(f"  {line}" for line in lines or ["no package has changed"]), flush=True)
    if check and lines:
        print(f"{target.name} is stale; refresh it: ./bazelw run //apt:lock -- {name}")
    if not check and text != lockfile.dumps(new):
        lockfile.write_atomically(target, lockfile.dumps(new))
    return bool(lines)


def _read_old(target: Path) -> tuple[str | None, lockfile.Lock | None]:
    """The lock that was there and its text. One that cannot be read is as none: it is here to be replaced."""
    if not target.exists():
        return None, None
    text = target.read_text(encoding="utf-8", errors="replace")
    try:
        return text, lockfile.loads(text, target)
    except ToolError as error:
        print(f"{target.name}: the old lock {error.problem}; every package counts as new")
        return text, None


def _solve(path: Path, wanted: Input, origin: Origin) -> lockfile.Lock:
    archives = {source.archive for source in wanted.sources}
    if unknown := archives - {MAIN, SECURITY}:
        raise ToolError(
            f"has the archive {', '.join(sorted(unknown))} among its sources, which no mirror is known for",
            file=path,
            remedy=f"Known are {MAIN} and {SECURITY}.",
        )
    if unknown := archives - origin.mirrors.keys():
        raise ToolError(
            f"no mirror is known for the archive {', '.join(sorted(unknown))}",
            remedy="Name it: APT_MIRROR=URL for debian, APT_SECURITY_MIRROR=URL for debian-security.",
        )
    with tempfile.TemporaryDirectory(prefix="apt-lock-") as root:
        apt = Apt(Path(root), wanted, origin)
        _say(f"{path.name}: fetching the lists of {', '.join(source.suite for source in wanted.sources)}")
        apt.update()
        _say(f"{path.name}: solving {', '.join(each.name for each in wanted.sets)}")
        remedy = 'Leave it out of "architectures", of the lock or, with a reason, of this source alone.'
        raise_all([ToolError(problem, file=path, remedy=remedy) for problem in apt.lacking()])
        return apt.lock()


def _say(text: str) -> None:
    """Tells whoever waits what is being done; a log has no use for it."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


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
