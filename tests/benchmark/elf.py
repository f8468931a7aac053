"""Times //tools/elf_scan's reader of ELF files against others, on the ELF files of wheels.

All read the same files, unpacked before the clock starts, on one core, and take turns, so that they see the
same other load. Each is a program, and its start counts; the floor does nothing but start Python, without
the site module, as our tools do. `readelf` is called once a file, by xargs; only with -V does it read
versions of symbols, as the other readers but scanelf do. The seed's pipeline is ldd on `*.so` and dpkg on
what it found. What this machine has not is left out and named.
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
from tests.benchmark.measure import Run, measure
from tests.benchmark.pipelines import PIPELINES, READELF, VERSIONS
from tests.benchmark.report import count, table
from tools.common.errors import run
from tools.elf_scan import elf

FLOOR, OURS = "floor: start Python", "ours"
_READERS = Path(__file__).with_name("readers")
# The programs of readers/ by what they are called here, and the module that each needs.
_PROGRAMS = {
    FLOOR: ("nothing.py", "tools"),
    OURS: ("ours.py", "tools"),
    "pyelftools": ("with_pyelftools.py", "elftools"),
    "LIEF": ("with_lief.py", "lief"),
}
_WAYS = [*_PROGRAMS, *PIPELINES]
_REFERENCE_FILES, _REFERENCE_SECONDS, _TIMES_READELF = 1852, 0.15, 25


def main() -> None:
    """Runs all as often as asked for, prints tables and what became of the goals, and writes the chart."""
    args = _parser().parse_args()
    wheels = list({wheel.name: wheel for wheel in wheels_of(args.wheels or args.default)}.values())
    ways = [way for way in _WAYS if way not in args.without and not _missing(way)]
    runs: dict[str, list[Run]] = {}
    counts: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="elf-", dir=scratch()) as folder:
        files = list(unpack(wheels, Path(folder, "files")))
        size = sum(file.stat().st_size for file in files)
        listing, output = Path(folder, "list"), Path(folder, "output")
        listing.write_text("".join(f"{file}\n" for file in files))
        for number in range(1, args.runs + 1):
            for way in ways:
                print(f"run {number} of {args.runs}: {way}", file=sys.stderr, flush=True)
                done, counts[way] = read(way, listing, output)
                runs.setdefault(way, []).append(done)
    print(f"{len(files)} ELF files of {size / 1e6:.1f} MB in {len(wheels)} wheels, one core")
    for way in _WAYS:
        if _missing(way):
            print(f"without {way}: this machine lacks {', '.join(_missing(way))}")
    columns = {
        "NEEDED": counts,
        "memory": {way: f"{max(each.memory for each in done) / 1e6:.0f} MB" for way, done in runs.items()},
    }
    cpu = {way: [each.cpu for each in done] for way, done in runs.items()}
    print(f"\nCPU time\n{table(cpu, OURS, columns, digits=3)}")
    wall = {way: [each.wall for each in done] for way, done in runs.items()}
    print(f"\nclock\n{table(wall, OURS, digits=3)}\n")
    print("\n".join(goals({way: statistics.median(each) for way, each in cpu.items()}, len(files))))
    svg = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), args.svg)
    svg.write_text(chart(f"{len(files)} ELF files, CPU time", cpu), encoding="utf-8")
    print(f"chart: {svg}")


def read(way: str, listing: Path, output: Path) -> tuple[Run, str]:
    """Reads the files that are listed, and says how many NEEDED entries there were."""
    output.write_text("")
    if way in PIPELINES:
        pipeline = PIPELINES[way]
        return measure(pipeline.command(listing, output)), pipeline.counted(output)
    program, module = _PROGRAMS[way]
    found = find_spec(module)
    folders = found.submodule_search_locations if found else None
    path = [str(Path(folder).parent) for folder in folders or []]
    command: list[str | Path] = [sys.executable, "-S", _READERS / program, listing, output]
    return measure(command, {"PYTHONPATH": os.pathsep.join(path)}), output.read_text()


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


def goals(medians: Mapping[str, float], files: int) -> list[str]:
    """What was to be reached, and what was.

    Args:
        medians: seconds of CPU time, by way.
        files: how many there were.
    """
    ours = medians[OURS]
    reference = medians[FLOOR] + (ours - medians[FLOOR]) * _REFERENCE_FILES / files
    what = f"{reference:6.3f} s for {_REFERENCE_FILES} files, at most {_REFERENCE_SECONDS}"
    lines = [f"{_reached(reference <= _REFERENCE_SECONDS)}  {what}"]
    for way in (READELF, VERSIONS):
        if way in medians:
            times = medians[way] / ours
            what = f"{times:6.1f} times as fast as {way}, at least {_TIMES_READELF}"
            lines.append(f"{_reached(times >= _TIMES_READELF)}  {what}")
    return lines


def _reached(good: bool) -> str:
    return "reached" if good else "missed "


def _missing(way: str) -> list[str]:
    """Programs and modules for a way that this machine has not."""
    if way in PIPELINES:
        return [program for program in PIPELINES[way].programs if not shutil.which(program)]
    module = _PROGRAMS[way][1]
    return [] if find_spec(module) else [module]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run //tests/benchmark:elf --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=count, default=3, help="how often all are run (default: 3)")
    parser.add_argument("--svg", default="elf.svg", metavar="FILE", help="the chart (default: elf.svg)")
    parser.add_argument("--without", action="append", default=[], choices=_WAYS[2:], help="leave one out")
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
