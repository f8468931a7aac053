"""Reads ELF files with //tools/elf_scan: ours.py LIST OUT, as all programs here are called.

LIST names the files, one a line. What is written to OUT is how many NEEDED entries they have.
"""

import sys

from tools.elf_scan import elf


def main(listing: str, output: str) -> None:
    """Reads all, and counts."""
    with open(listing, errors="surrogateescape") as lines:
        needed = sum([len(elf.read_path(file).needed) for file in lines.read().splitlines()])
    with open(output, "w") as out:
        out.write(str(needed))


main(*sys.argv[1:])
