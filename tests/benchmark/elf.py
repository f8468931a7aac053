"""Times //tools/elf_scan's reader of ELF files against others, on the ELF files of wheels.

All read the same files, unpacked before the clock starts, on one core, and take turns, so that they see the
same other load. Each is a program; of those in Python, what they take once Python and the reader have started
is told apart, as who scans files has started already. The floor starts Python. `readelf` is called once a
file, as scripts do; only with -V does it read versions of symbols, as the other readers but scanelf do. The
seed's pipeline is ldd on `*.so` and dpkg on what it found. What this machine has not is left out and named.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from tests.benchmark.chart import chart
from tests.benchmark.inputs import scratch, wheels_of
from tests.benchmark.measure import Run, python
from tests.benchmark.report import count, table
from tools.common.errors import run
from tools.elf_scan import elf

FLOOR, OURS, READELF, VERSIONS = "floor: start Python", "ours", "readelf -d", "readelf -d -V"
_WAYS = {
    FLOOR: "nothing",
    OURS: "ours",
    "pyelftools": "pyelftools",
    "LIEF": "lief",
    READELF: "readelf",
    VERSIONS: "readelf-versions",
    "scanelf": "scanelf",
    "seed: ldd, dpkg -S": "seed",
}
_PROGRAMS = {
    "readelf": ["readelf"],
    "readelf-versions": ["readelf"],
    "scanelf": ["scanelf"],
    "seed": ["ldd", "dpkg"],
}
_MODULES = {"pyelftools": "elftools", "lief": "lief"}
_REFERENCE_FILES, _REFERENCE_SECONDS, _TIMES_READELF = 1852, 0.15, 25


def main() -> None:
    """Runs all as often as asked for, prints tables and what became of the goals, and writes the chart."""
    args = _parser().parse_args()
    wheels = list({wheel.name: wheel for wheel in wheels_of(args.wheels or args.default)}.values())
    ways = {way: name for way, name in _WAYS.items() if way not in args.without and not _missing(name)}
    runs: dict[str, list[Run]] = {}
    reading: dict[str, list[float]] = {}
    counts: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="elf-", dir=scratch()) as folder:
        files = list(unpack(wheels, Path(folder, "files")))
        size = sum(file.stat().st_size for file in files)
        listing, output = Path(folder, "list"), Path(folder, "output")
        listing.write_text("".join(f"{file}\n" for file in files))
        for number in range(1, args.runs + 1):
            for way, name in ways.items():
                print(f"run {number} of {args.runs}: {way}", file=sys.stderr, flush=True)
                done = python(
                    "-m", "tests.benchmark.readers", name, f"--files={listing}", f"--output={output}"
                )
                runs.setdefault(way, []).append(done)
                counts[way], _, seconds = output.read_text().partition(" ")
                if way != FLOOR:
                    reading.setdefault(way, []).append(float(seconds or done.cpu))
    print(f"{len(files)} ELF files of {size / 1e6:.1f} MB in {len(wheels)} wheels, one core")
    for way, name in _WAYS.items():
        if _missing(name):
            print(f"without {way}: this machine lacks {', '.join(_missing(name))}")
    columns = {
        "NEEDED": counts,
        "memory": {way: f"{max(each.memory for each in done) / 1e6:.0f} MB" for way, done in runs.items()},
    }
    print(f"\nCPU time, of readers in Python once they have started\n{table(reading, OURS, digits=3)}")
    cpu = {way: [each.cpu for each in done] for way, done in runs.items()}
    print(f"\nCPU time of whole programs\n{table(cpu, OURS, columns, digits=2)}")
    wall = {way: [each.wall for each in done] for way, done in runs.items()}
    print(f"\nclock\n{table(wall, OURS, digits=2)}\n")
    print("\n".join(goals(_medians(reading), _medians(cpu), len(files))))
    svg = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), args.svg)
    svg.write_text(chart(f"{len(files)} ELF files, CPU time", cpu), encoding="utf-8")
    print(f"chart: {svg}")


def unpack(wheels: Sequence[Path], folder: Path) -> Iterator[Path]:
    """Unpacks what the loader could load, whatever its name, a folder a wheel.

    Args:
        wheels: the wheels.
        folder: where their folders come.
    """
    for number, wheel in enumerate(wheels):
        with zipfile.ZipFile(wheel) as archive:
            for info in archive.infolist():
                with archive.open(info) as member:
                    if member.read(len(elf.MAGIC)) != elf.MAGIC:
                        continue
                file = Path(archive.extract(info, folder / str(number)))
                try:
                    if elf.read_path(file).loadable:
                        yield file
                except elf.ElfError:
                    file.unlink()


def goals(reading: Mapping[str, float], whole: Mapping[str, float], files: int) -> list[str]:
    """What was to be reached, and what was.

    Args:
        reading: seconds of CPU time by way, of those in Python once they have started.
        whole: seconds of CPU time of whole programs.
        files: how many there were.
    """
    more = reading[OURS] * (_REFERENCE_FILES / files - 1)
    ours = (reading[OURS] + more, whole[OURS] + more)
    what = f"{ours[0]:6.3f} s for {_REFERENCE_FILES} files, at most {_REFERENCE_SECONDS}"
    lines = [f"{_reached(ours[0] <= _REFERENCE_SECONDS)}  {what}; as a whole program {ours[1]:.3f}"]
    for way in (READELF, VERSIONS):
        if way in reading:
            times = reading[way] / reading[OURS]
            what = f"{times:6.1f} times as fast as {way}, at least {_TIMES_READELF}"
            what += f"; as a whole program {whole[way] / whole[OURS]:.1f}"
            lines.append(f"{_reached(times >= _TIMES_READELF)}  {what}")
    return lines


def _medians(seconds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {way: statistics.median(each) for way, each in seconds.items()}


def _reached(good: bool) -> str:
    return "reached" if good else "missed "


def _missing(name: str) -> list[str]:
    """Programs and modules for a way that this machine has not."""
    programs = [program for program in _PROGRAMS.get(name, []) if not shutil.which(program)]
    return programs + [each for each in [_MODULES.get(name, "")] if each and not find_spec(each)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //tests/benchmark:elf --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=count, default=3, help="how often all are run (default: 3)")
    parser.add_argument("--svg", default="elf.svg", metavar="FILE", help="the chart (default: elf.svg)")
    parser.add_argument(
        "--without", action="append", default=[], choices=list(_WAYS)[2:], help="leave one out"
    )
    parser.add_argument(
        "--wheels",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="other wheels, or folders with some, than those of venv/locks/native.in and bench.in",
    )
    parser.add_argument("--default", type=Path, nargs="*", default=[], help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    run(main)
