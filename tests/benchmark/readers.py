"""The readers of ELF files that //tests/benchmark:elf compares, as programs of their own.

    python3 -m tests.benchmark.readers ours --files LIST --output OUT

LIST names the files, one a line. Each reads from all of them what the dynamic loader would: the libraries
that are needed, paths, and but for scanelf and `readelf -d` versions of symbols; and writes to OUT how many
NEEDED entries there are, which must be the same for all. The seed's pipeline finds other things: no number.
Those in Python also write how many seconds of CPU time they read, once they and Python had started.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def _nothing(files: Path, output: Path) -> str:
    return ""


def _ours(files: Path, output: Path) -> str:
    from tools.elf_scan import elf

    return _timed(files, lambda file: len(elf.read_path(file).needed))


def _pyelftools(files: Path, output: Path) -> str:
    from elftools.elf.dynamic import DynamicSegment
    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import GNUVerNeedSection

    def read(path: str) -> int:
        needed = 0
        with open(path, "rb") as stream:
            file = ELFFile(stream)
            for segment in file.iter_segments("PT_DYNAMIC"):
                assert isinstance(segment, DynamicSegment)
                tags = [tag.entry.d_tag for tag in segment.iter_tags()]  # which reads their texts
                needed += tags.count("DT_NEEDED")
            section = file.get_section_by_name(".gnu.version_r")
            if isinstance(section, GNUVerNeedSection):
                for _, versions in section.iter_versions():
                    list(versions)
        return needed

    return _timed(files, read)


def _lief(files: Path, output: Path) -> str:
    import lief

    config = lief.ELF.ParserConfig()  # what the loader reads, and no more
    for part in ("dyn_symbols", "notes", "overlay", "relocations", "symtab_symbols"):
        setattr(config, f"parse_{part}", False)

    def read(path: str) -> int:
        binary = lief.ELF.parse(path, config)
        if binary is None:
            return 0
        for requirement in binary.symbols_version_requirement:
            [each.name for each in requirement.get_auxiliary_symbols()]
        return len(binary.libraries)

    return _timed(files, read)


def _timed(files: Path, read: Callable[[str], int]) -> str:
    start = time.process_time()
    needed = sum(map(read, _lines(files)))
    return f"{needed} {time.process_time() - start}"


def _readelf(files: Path, output: Path, *options: str) -> str:
    with files.open() as names, output.open("w") as out:
        subprocess.run(
            ["xargs", "-n1", "-d\\n", "readelf", "-d", *options], stdin=names, stdout=out, check=True
        )
    return str(output.read_text(errors="replace").count("(NEEDED)"))


def _scanelf(files: Path, output: Path) -> str:
    with output.open("w") as out:
        subprocess.run(["scanelf", "-q", "-B", "-F%n %S %r#F", "-f", files], stdout=out, check=True)
    lists = [line.split(" ")[0] for line in _lines(output)]
    return str(sum(len([name for name in names.split(",") if name.strip("- ")]) for names in lists))


def _seed(files: Path, output: Path) -> str:
    """`ldd` on what is named `*.so`, and `dpkg -S` on what it found."""
    shared = "\n".join(file for file in _lines(files) if file.endswith(".so"))
    ldd = ["xargs", "-n1", "-d\\n", "ldd"]
    found = subprocess.run(ldd, input=shared, capture_output=True, text=True, errors="replace").stdout
    paths = sorted({line.split()[2] for line in found.splitlines() if " => /" in line})
    subprocess.run(["xargs", "-d\\n", "dpkg", "-S"], input="\n".join(paths), capture_output=True, text=True)
    return ""


def _lines(file: Path) -> Sequence[str]:
    return file.read_text(errors="surrogateescape").splitlines()


_WAYS: Mapping[str, Callable[[Path, Path], str]] = {
    "nothing": _nothing,
    "ours": _ours,
    "pyelftools": _pyelftools,
    "lief": _lief,
    "readelf": _readelf,
    "readelf-versions": lambda files, output: _readelf(files, output, "-V"),
    "scanelf": _scanelf,
    "seed": _seed,
}


def main() -> None:
    """Reads with one of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=_WAYS)
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args()
    args.output.write_text(_WAYS[args.way](args.files, args.output))


if __name__ == "__main__":
    main()
