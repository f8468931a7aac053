"""ELF files that would cost the reader much, and what is no file at all: neither time nor memory is spent."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.bounds import at_once, bounded
from tests.fuzz.elf_files import MADE, PT_DYNAMIC
from tools.elf_scan import elf
from tools.elf_scan.elf_file import ElfFile
from tools.elf_scan.elf_writer import Spec, write

HUGE = 8 << 30
NEEDED, STRTAB, STRSZ = 1, 5, 10
VERDEF, VERDEFNUM, VERNEED, VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF


def changed(spec: Spec, number: Callable[[int, int, int], int]) -> bytes:
    """A 64-bit file in which all bytes count as loaded, with other numbers for (index, tag, number)."""
    data = bytearray(write(spec))
    struct.pack_into("<Q", data, 64 + 32, HUGE)
    segment = ElfFile(lambda offset, size: bytes(data[offset : offset + size])).first(PT_DYNAMIC)
    assert segment is not None
    offset, size = segment
    for index, at in enumerate(range(offset, offset + size, 16)):
        tag, old = struct.unpack_from("<QQ", data, at)
        struct.pack_into("<Q", data, at + 8, number(index, tag, old))
    return bytes(data)


def outcome(path: Path) -> elf.Elf | str:
    """What comes of reading it, which may take nothing worth mentioning."""
    found: list[elf.Elf | str] = []

    def read() -> None:
        try:
            found.append(elf.read_path(path))
        except elf.ElfError as error:
            found.append(str(error))

    at_once(read)
    with bounded(12 << 20):
        read()
    return found[-1]


@pytest.fixture
def sparse(tmp_path: Path) -> Callable[[bytes], Path]:
    """Makes a file of 8 GB that has those bytes and then none."""

    def make(data: bytes) -> Path:
        path = tmp_path / "sparse"
        path.write_bytes(data)
        os.truncate(path, HUGE)
        assert path.stat().st_blocks * 512 < 1 << 25
        return path

    return make


def test_what_is_no_file_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket"))
        server.listen()
        assert outcome(tmp_path / "socket") == "No such device or address"
    assert outcome(tmp_path / "loop") == "Too many levels of symbolic links"
    for path in (tmp_path / "fifo", tmp_path, Path("/dev/null"), Path("/dev/zero"), Path("/dev/tty")):
        assert outcome(path) in ("not a regular file", "No such device or address"), path


def test_zeros_are_no_elf_file(sparse: Callable[[bytes], Path]) -> None:
    assert outcome(sparse(b"")) == "not an ELF file"


@pytest.mark.parametrize("place", [HUGE - 4096, HUGE - 8, HUGE, (1 << 62) - 1, (1 << 63) - 8, (1 << 64) - 1])
@pytest.mark.parametrize("field", [32, 64 + 8, 64 + 16, 64 + 32])
def test_offsets_far_into_a_sparse_file(field: int, place: int, sparse: Callable[[bytes], Path]) -> None:
    """In the header that of the program headers, in the first of those its offset, address and size."""
    data = bytearray(write(MADE))
    struct.pack_into("<Q", data, field, place)
    outcome(sparse(bytes(data)))


@pytest.mark.parametrize("tag", [NEEDED, STRTAB, STRSZ, VERNEED, VERNEEDNUM, VERDEF, VERDEFNUM])
@pytest.mark.parametrize("place", [HUGE - 4096, HUGE - 1, HUGE, (1 << 64) - 1])
def test_tables_far_into_a_sparse_file(tag: int, place: int, sparse: Callable[[bytes], Path]) -> None:
    outcome(sparse(changed(MADE, lambda _, each, number: place if each == tag else number)))


def test_a_table_at_the_end_of_a_sparse_file_is_read(sparse: Callable[[bytes], Path]) -> None:
    path = sparse(changed(MADE, lambda _, tag, number: HUGE - 4096 if tag == STRTAB else number))
    with path.open("r+b") as stream:
        stream.seek(HUGE - 4095)
        stream.write(b"far\0" * 100)
    facts = outcome(path)
    assert isinstance(facts, elf.Elf)
    assert facts.needed[0] == "far"


def test_strings_in_thousands_of_blocks(sparse: Callable[[bytes], Path]) -> None:
    spec = Spec(needed=("x",) * 4000)
    sizes = {STRSZ: HUGE}
    data = changed(spec, lambda index, tag, number: index << 21 if tag == NEEDED else sizes.get(tag, number))
    assert outcome(sparse(data)) == "its dynamic section is spread over more than 1024 blocks"


@pytest.mark.parametrize("length", [4000, 60_000])
def test_thousands_of_long_strings(length: int, tmp_path: Path) -> None:
    """They overlap: each begins a byte behind the one before."""
    spec = Spec(needed=("x",) * 4000, soname="x" * (4000 + length))
    data = changed(spec, lambda index, tag, number: 8000 + index if tag == NEEDED else number)
    (tmp_path / "long").write_bytes(data)
    assert outcome(tmp_path / "long") == "strings of more than 4194304 bytes"


@pytest.mark.parametrize(
    ("table", "count", "structure"),
    [
        (VERNEED, VERNEEDNUM, struct.pack("<HHIII", 1, 0, 16, 16, 16)),
        (VERNEED, VERNEEDNUM, struct.pack("<HHIII", 1, 0xFFFF, 16, 16, 16)),
        (VERDEF, VERDEFNUM, struct.pack("<HHHHIII", 1, 0, 1, 0, 0, 20, 20)),
        (VERDEF, VERDEFNUM, struct.pack("<HHHHIII", 1, 0, 1, 0xFFFF, 20, 20, 20)),
    ],
    ids=["needs", "needed versions", "definitions", "names"],
)
def test_endless_chains(table: int, count: int, structure: bytes, tmp_path: Path) -> None:
    """Each structure leads to the next one, of its own kind and of the kind below."""
    body, headers = structure * 10_000, 64 + 2 * 56
    spec = Spec(needed=("x",), soname="x" * 100, versions=[("a", "b")], defined=["d"], padding=len(body))
    data = changed(spec, lambda _, tag, number: {table: headers, count: (1 << 32) - 1}.get(tag, number))
    (tmp_path / "chain").write_bytes(data[:headers] + body + data[headers + len(body) :])
    assert outcome(tmp_path / "chain") == "more than 4096 symbol versions"


def test_as_many_structures_and_strings_as_there_may_be(tmp_path: Path) -> None:
    """The most that is still read takes no longer."""
    versions = [(f"lib{number}", [f"V_{number}"]) for number in range(1000)]
    spec = Spec(needed=[f"lib{number}" for number in range(4000)], versions=versions, defined=["d"] * 1000)
    (tmp_path / "large").write_bytes(write(spec))
    facts = outcome(tmp_path / "large")
    assert isinstance(facts, elf.Elf)
    assert (len(facts.needed), len(facts.version_needs)) == (4000, 1000)
    assert len(facts.version_definitions) == 1000
