"""Times `podman build` and `podman push` of a Dockerfile against `cuda_image` and its push.

Both start from the same runtime image in the same registry (Debian's docker-registry on this machine), take
the same wheels, all at hand before the clock starts, and put the same application into an image that says the
same. They take turns, on the same cores. Bytes pushed are those of request bodies, counted by a proxy before
the registry. `bare` begins without the base, which podman then pulls and Bazel builds from .debs. Bazel's
server runs already but in bare, cold and restart, where its start is on the clock.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from tests.benchmark.inputs import scratch, wheels_of
from tests.benchmark.publishing.contest import SCENARIOS, Contest
from tests.benchmark.publishing.locks import bumped_wheel
from tests.benchmark.publishing.picture import picture
from tests.benchmark.publishing.results import comparison, goals, parts
from tests.benchmark.publishing.sides import BAZEL, PODMAN, Bazel, Podman, Side
from tests.benchmark.report import count
from tools.common.errors import ToolError, run
from tools.image_run.unpack import can_set_owners
from tools.lint.workspace import root


def main() -> None:
    """Runs the contest, prints tables and what became of the goals, and writes the picture."""
    args = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # no server, registry or container is left
    scenarios = args.scenario or list(SCENARIOS)
    if not can_set_owners() and PODMAN not in args.without:
        raise ToolError("podman needs root, or a range of users of one's own", remedy="Say --without podman.")
    cores = sorted(os.sched_getaffinity(0))[-args.cores :] if args.cores else sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores)  # children inherit it
    before, after = (lock.read_text(encoding="utf-8") for lock in args.lock)
    files = {wheel.name: wheel for wheel in wheels_of(args.wheels)}
    bumped = bumped_wheel(before, after, list(files.values()))
    with tempfile.TemporaryDirectory(prefix="publish-", dir=scratch(), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        wheels = folder / "wheels"
        wheels.mkdir()
        for wheel in files.values():
            (wheels / wheel.name).write_bytes(wheel.read_bytes())
        sides = _sides(folder, wheels, (before, after), len(cores), args)
        contest = Contest(folder, sides, (before, after), args.base)
        try:
            for number in range(1, args.runs + 1):
                print(f"run {number} of {args.runs}", file=sys.stderr, flush=True)
                contest.run(scenarios, check=number == 1)
        finally:
            for side in sides.values():
                side.close()
    size = bumped.stat().st_size
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{len(cores)} cores, {args.runs} runs, load of the machine at the end {load}")
    print(f"{len(files) - 1} wheels; the pin of {bumped.name} was bumped, {size / 1e6:.2f} MB")
    print(f"modules are {'' if args.byte_code else 'not '}compiled\n")
    print(f"{comparison(contest.results)}\n\n{parts(contest.results)}\n")
    print("\n".join(map(str, goals(contest.results, size))))
    svg = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), args.svg)
    svg.write_text(
        picture("An application and its wheels to a registry; a scale a row", contest.results),
        encoding="utf-8",
    )
    print(f"picture: {svg}")


def _sides(
    folder: Path, wheels: Path, locks: tuple[str, str], jobs: int, args: argparse.Namespace
) -> dict[str, Side]:
    sides: dict[str, Side] = {}
    if PODMAN not in args.without:
        sides[PODMAN] = Podman(folder / "podman", wheels, byte_code=args.byte_code)
    if BAZEL not in args.without:
        sides[BAZEL] = Bazel(folder / "bazel", root(), locks, jobs, byte_code=args.byte_code)
    return sides


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //tests/benchmark:publish --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(["scenarios:", *(f"  {name:8} {text}" for name, text in SCENARIOS.items())]),
    )
    parser.add_argument("--runs", type=count, default=3, help="how often all are run (default: 3)")
    parser.add_argument(
        "--scenario", action="append", choices=SCENARIOS, help="this one; all if none is named"
    )
    parser.add_argument(
        "--without", action="append", default=[], choices=(PODMAN, BAZEL), help="leave one out"
    )
    parser.add_argument("--cores", type=count, metavar="N", help="how many cores both have (default: all)")
    parser.add_argument(
        "--no-byte-code", dest="byte_code", action="store_false", help="compile no modules, in either image"
    )
    parser.add_argument(
        "--svg", default="publish.svg", metavar="FILE", help="the picture (default: publish.svg)"
    )
    parser.add_argument("--base", type=Path, nargs=2, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--lock", type=Path, nargs=2, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--wheels", type=Path, nargs="+", required=True, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    run(main)
