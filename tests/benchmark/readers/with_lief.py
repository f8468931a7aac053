"""Reads ELF files with LIEF, which leaves out all that it can leave out."""

import sys

import lief


def main(listing: str, output: str) -> None:
    """Reads all, and counts."""
    config = lief.ELF.ParserConfig()
    for part in ("dyn_symbols", "notes", "overlay", "relocations", "symtab_symbols"):
        setattr(config, f"parse_{part}", False)
    with open(listing, errors="surrogateescape") as lines:
        needed = sum([_read(file, config) for file in lines.read().splitlines()])
    with open(output, "w") as out:
        out.write(str(needed))


def _read(path: str, config: lief.ELF.ParserConfig) -> int:
    binary = lief.ELF.parse(path, config)
    if binary is None:
        return 0
    for requirement in binary.symbols_version_requirement:
        [each.name for each in requirement.get_auxiliary_symbols()]
    return len(binary.libraries)


main(*sys.argv[1:])
