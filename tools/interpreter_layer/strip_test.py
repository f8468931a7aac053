"""Debug information is taken out of real libraries: they load as before and have the same symbols."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import io
import struct
from pathlib import Path
from typing import Any

import librt.time
import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tools.elf_scan.elf_writer import ET_REL, Spec, write
from tools.interpreter_layer.strip import without_debug_information

# Libraries of a wheel whose author left the debug information in.
LIBRARIES = sorted(Path(librt.time.__file__).parent.glob("*.so"))
NAMES = [library.name.partition(".")[0] for library in LIBRARIES]
each = pytest.mark.parametrize("library", LIBRARIES, ids=NAMES)


def elf(data: bytes) -> ELFFile:
    return ELFFile(io.BytesIO(data))


def sections(data: bytes) -> dict[str, bytes]:
    return {section.name: section.data() for section in elf(data).iter_sections() if section.name}


def symbols(data: bytes) -> list[tuple[str, Any]]:
    table = elf(data).get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    return [(symbol.name, dict(symbol.entry)) for symbol in table.iter_symbols()]


def test_there_is_something_to_take_out() -> None:
    assert len(LIBRARIES) > 3
    for library in LIBRARIES:
        assert ".debug_info" in sections(library.read_bytes())


@each
def test_what_is_mapped_and_every_symbol_stays(library: Path) -> None:
    before = library.read_bytes()
    after = without_debug_information(before)
    assert len(after) < len(before) * 0.8
    kept = {name: data for name, data in sections(before).items() if not name.startswith(".debug_")}
    assert sections(after) == kept
    assert symbols(after) == symbols(before)
    for section in elf(after).iter_sections():
        if section.header.sh_type != "SHT_NOBITS":
            assert section.header.sh_offset % max(section.header.sh_addralign, 1) == 0, section.name
    for one, other in zip(elf(before).iter_segments(), elf(after).iter_segments(), strict=True):
        assert one.header == other.header
        head = 64 if one.header.p_offset == 0 else 0  # the file's header names the section table
        assert one.data()[head:] == other.data()[head:]


@each
def test_it_still_loads(library: Path, tmp_path: Path) -> None:
    module = library.name.partition(".")[0]
    path = tmp_path / library.name
    path.write_bytes(without_debug_information(library.read_bytes()))
    loader = importlib.machinery.ExtensionFileLoader(f"librt.{module}", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    loaded = importlib.util.module_from_spec(spec)
    assert loaded.__spec__ is not None
    assert Path(str(loaded.__spec__.origin)) == path


@each
def test_nothing_is_left_to_take_out(library: Path) -> None:
    once = without_debug_information(library.read_bytes())
    assert without_debug_information(once) == once


def test_a_hole_before_what_is_mapped_is_blank() -> None:
    """A rewritten program may have loaded parts behind its debug information: these must not move."""
    data = bytearray(LIBRARIES[0].read_bytes())
    (count,) = struct.unpack_from("<H", data, 56)
    (table,) = struct.unpack_from("<Q", data, 32)
    kinds = [struct.unpack_from("<I", data, table + 56 * index)[0] for index in range(count)]
    note = table + 56 * kinds.index(4)
    struct.pack_into("<Q", data, note + 8, len(data))
    struct.pack_into("<Q", data, note + 32, 4)
    data += b"last"
    after = without_debug_information(bytes(data))
    assert len(after) > len(data) - 4
    assert after[len(data) - 4 : len(data)] == b"last"
    section = elf(bytes(data)).get_section_by_name(".debug_info")
    assert section is not None
    start, size = section.header.sh_offset, section.header.sh_size
    assert after[start : start + size] == bytes(size)


def with_symbols_beyond_the_end() -> bytes:
    data = bytearray(LIBRARIES[0].read_bytes())
    index = elf(bytes(data)).get_section_index(".symtab")
    assert index is not None
    (table,) = struct.unpack_from("<Q", data, 40)
    struct.pack_into("<Q", data, table + 64 * index + 32, len(data))
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#!/bin/sh\n",
        b"\x7fELF\x02\x01",
        write(Spec()),
        write(Spec(bits=32, machine=3)),
        write(Spec(type=ET_REL)),
        LIBRARIES[0].read_bytes()[:-100],
        with_symbols_beyond_the_end(),
    ],
)
def test_anything_else_stays_as_it_is(data: bytes) -> None:
    assert without_debug_information(data) == data
