"""Reads ELF files with pyelftools, and of each what ours reads."""

import sys

from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection


def main(listing: str, output: str) -> None:
    """Reads all, and counts."""
    with open(listing, errors="surrogateescape") as lines:
        needed = sum([_read(file) for file in lines.read().splitlines()])
    with open(output, "w") as out:
        out.write(str(needed))


def _read(path: str) -> int:
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


main(*sys.argv[1:])
