"""Times the runtime images of all suites for amd64, and mmdebstrap on the same .debs.

The images are built by a Bazel of its own with an empty output base and no cache but that of downloads, as on
a machine that has fetched everything and built nothing. Fetching and analysis are done before the clock
starts. mmdebstrap gets the same .debs as a local archive, and makes one root after another. The two take
turns, so that both see the same other load.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmark.chart import chart
from tests.benchmark.report import count, table
from tests.equivalence.archive import read_locked
from tests.equivalence.reference import mmdebstrap
from tests.reproducible.nested import OPTIONS, Surroundings, bazel, shared_downloads
from tools.common.errors import ToolError, run
from tools.image_run.layout import open_image
from tools.lint.workspace import root

_IMAGES = "bazel: images"


def main() -> None:
    """Runs both as often as asked for, prints the table and writes the chart."""
    args = _parser().parse_args()
    pairs = dict(pair.split("=", 1) for pair in args.pair)
    seconds: dict[str, list[float]] = {_IMAGES: [], "mmdebstrap: roots": []}
    sizes: dict[str, int] = {}
    for number in range(1, args.runs + 1):
        built, sizes = _build([f"//images:{image}_amd64" for image in pairs])
        seconds[_IMAGES].append(built)
        print(f"run {number} of {args.runs}: bazel {built:.1f} s", end="", file=sys.stderr, flush=True)
        total = 0.0
        for listing in map(Path, pairs.values()):
            suite, taken = _reference(listing, args.excludes)
            print(f", mmdebstrap {suite} {taken:.1f} s", end="", file=sys.stderr, flush=True)
            seconds.setdefault(f"  of these {suite}", []).append(taken)
            total += taken
        seconds["mmdebstrap: roots"].append(total)
        print(file=sys.stderr)
    print(table(seconds, "mmdebstrap: roots"))
    print("\n".join(f"{image}: {size / 1e6:.1f} MB compressed" for image, size in sizes.items()))
    svg = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), args.svg)
    svg.write_text(chart(f"{', '.join(pairs)} for amd64, from fetched .debs", seconds), encoding="utf-8")
    print(f"chart: {svg}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //tests/benchmark:bases --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=count, default=3, help="how often both are run (default: 3)")
    parser.add_argument("--svg", default="bases.svg", metavar="FILE", help="the chart (default: bases.svg)")
    parser.add_argument("--pair", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--excludes", type=Path, required=True, help=argparse.SUPPRESS)
    return parser


def _build(targets: list[str]) -> tuple[float, dict[str, int]]:
    """Builds the targets from nothing; how long that took, and the compressed size of each image's layers."""
    with tempfile.TemporaryDirectory(prefix="bases-", dir=_scratch()) as folder:
        where = Surroundings(root(), Path(folder, "out"), 0o022, {})
        options = [*OPTIONS, *shared_downloads(Path(__file__))]
        try:
            bazel(where, "build", "--nobuild", *options, *targets)
            start = time.monotonic()
            bazel(where, "build", *options, *targets)
            taken = time.monotonic() - start
            files = bazel(where, "cquery", *options, "--output=files", f"set({' '.join(targets)})").split()
            execution_root = Path(bazel(where, "info", "execution_root").strip())
            layouts = [execution_root / file for file in files]
            sizes = {each.name: sum(layer.size for layer in open_image(each).layers) for each in layouts}
            return taken, sizes
        except AssertionError as error:
            raise ToolError(str(error)) from error
        finally:
            bazel(where, "shutdown")


def _reference(listing: Path, excludes: Path) -> tuple[str, float]:
    locked = read_locked(listing)
    with tempfile.TemporaryDirectory(prefix="bases-", dir=_scratch()) as folder:
        try:
            return locked.suite, mmdebstrap(Path(folder), locked, excludes).seconds
        except AssertionError as error:
            raise ToolError(str(error)) from error


def _scratch() -> str:
    """Not /tmp, in whose place a sandbox shows an empty folder."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "pycuda", "benchmark")
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


if __name__ == "__main__":
    run(main)
