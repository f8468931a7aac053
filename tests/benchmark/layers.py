"""Times what makes a layer of wheels, against other ways to make one.

All get the same wheels and one core, and take turns, so that they see the same other load; the table compares
CPU time, for that is what other load changes least. `ours` are the actions VenvPart and VenvLayer, without
byte code, as the others make none; one more row says what that adds. `unpack` is Python's zipfile, as in
pip. For pkg_tar it is the program behind it, and the wheels are unpacked before the clock starts. The floor
inflates the wheels once and takes SHA-256 of the streams before and after.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from tests.benchmark.chart import chart
from tests.benchmark.contestants import manifest, unpack
from tests.benchmark.inputs import scratch, wheels_of
from tests.benchmark.measure import Run, measure, python
from tests.benchmark.report import Goal, count, table
from tools.common.errors import run

GZIP, ZSTD, PKG_TAR = "(a) unpack, tar, gzip -6", "(b) unpack, tar, zstd -3", "(c) pkg_tar of unpacked"
FLOOR, OURS, COMPILED = "(d) floor: inflate, hash", "ours", "ours, with byte code"
_WAYS = {GZIP: "gzip", ZSTD: "zstd", FLOOR: "floor", OURS: "ours"}


def main() -> None:
    """Runs all as often as asked for, prints tables and what became of the goals, and writes the chart."""
    args = _parser().parse_args()
    wheels = wheels_of(args.wheels or args.default)
    bare = python("-c", "")
    runs: dict[str, list[Run]] = {}
    sizes: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="layers-", dir=scratch()) as folder:
        turns = _Turns(Path(folder), wheels, args.build_tar, args.compiler)
        for number in range(1, args.runs + 1):
            for way in turns.ways():
                print(f"run {number} of {args.runs}: {way}", file=sys.stderr, flush=True)
                done, sizes[way] = turns.take(way)
                runs.setdefault(way, []).append(done)
    cpu = {way: [each.cpu for each in done] for way, done in runs.items()}
    wall = {way: [each.wall for each in done] for way, done in runs.items()}
    print(f"{len(wheels)} wheels of {sum(wheel.stat().st_size for wheel in wheels) / 1e6:.1f} MB, one core")
    columns = {
        "MB": {way: "" if way == FLOOR else f"{size / 1e6:.1f}" for way, size in sizes.items()},
        "memory": {way: f"{max(each.memory for each in done) / 1e6:.0f} MB" for way, done in runs.items()},
    }
    print(f"\nCPU time\n{table(cpu, FLOOR, columns, digits=2)}")
    print(f"\nclock\n{table(wall, FLOOR, digits=2)}\n")
    medians = {way: statistics.median(values) for way, values in cpu.items()}
    memory = max(each.memory for each in runs[OURS]) - bare.memory
    print("\n".join(goals(medians, sizes, memory)))
    svg = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), args.svg)
    svg.write_text(chart(f"{len(wheels)} wheels to one layer, CPU time", cpu), encoding="utf-8")
    print(f"chart: {svg}")


def goals(medians: dict[str, float], sizes: dict[str, int], memory: int) -> list[str]:
    """What was to be reached, and what was.

    Args:
        medians: seconds, by way.
        sizes: of the layers, by way.
        memory: bytes that ours took more than Python without anything.
    """
    ours = medians[OURS]
    rows = [
        ("times gzip's time", ours / medians[GZIP], 1 / 8, "at most 0.125"),
        ("times zstd's time", ours / medians[ZSTD], 1, "less than 1"),
        ("times the floor", ours / medians[FLOOR], 1.3, "at most 1.3"),
        ("times gzip's size", sizes[OURS] / sizes[GZIP], 1.05, "at most 1.05"),
        ("MB above Python", memory / (1 << 20), 64, "at most 64"),
    ]
    return [str(Goal(value, what, limit, text)) for what, value, limit, text in rows]


class _Turns:
    """Lets each way take its turn, with an empty folder."""

    def __init__(self, folder: Path, wheels: list[Path], build_tar: Path, compiler: Path | None) -> None:
        self._folder, self._wheels, self._compiler = folder, wheels, compiler
        self._build_tar = build_tar.absolute()
        self._manifest = folder / "manifest.json"
        manifest(unpack(wheels, folder / "unpacked"), self._manifest)

    def ways(self) -> list[str]:
        """All that there are, in their order."""
        return [GZIP, ZSTD, PKG_TAR, FLOOR, OURS, *([COMPILED] if self._compiler else [])]

    def take(self, way: str) -> tuple[Run, int]:
        """What it took, and the size of the layer."""
        output, scratch = self._folder / "output", self._folder / "scratch"
        scratch.mkdir()
        try:
            return self._run(way, output, scratch), output.stat().st_size
        finally:
            shutil.rmtree(scratch)

    def _run(self, way: str, output: Path, scratch: Path) -> Run:
        if way == PKG_TAR:
            options = [f"--output={output}", f"--manifest={self._manifest}", "--directory=/"]
            return measure([self._build_tar, *options, "--compression=gz"])
        compiler = [f"--compiler={self._compiler.absolute()}"] if way == COMPILED and self._compiler else []
        where = [f"--output={output}", f"--scratch={scratch}", *compiler]
        return python("-m", "tests.benchmark.contestants", _WAYS.get(way, "ours"), *where, *self._wheels)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //tests/benchmark:layers --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=count, default=3, help="how often all are run (default: 3)")
    parser.add_argument("--svg", default="layers.svg", metavar="FILE", help="the chart (default: layers.svg)")
    parser.add_argument(
        "--wheels",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="other wheels, or folders with some, than those of venv/locks/bench.in",
    )
    parser.add_argument("--default", type=Path, nargs="*", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--build-tar", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--compiler", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    run(main)
