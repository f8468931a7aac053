"""What files may say in the dynamic section and its tables, and how much of them is read."""

from __future__ import annotations

import io
import struct

import pytest

from tools.elf_scan import elf
from tools.elf_scan.elf_file import ElfFile
from tools.elf_scan.elf_oracle import expected
from tools.elf_scan.elf_strings import Strings
from tools.elf_scan.elf_writer import Spec, write

_STRSZ, _SONAME, _RUNPATH = 10, 14, 29
_DEBUG, _VERDEF, _VERNEED = 21, 0x6FFFFFFC, 0x6FFFFFFE
_BLOCK = 4096


def entry(tag: int, number: int) -> bytes:
    return struct.pack("<QQ", tag, number)


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1
    return data.replace(old, new)


def test_of_two_of_a_kind_the_last_one_counts() -> None:
    data = write(Spec(soname="first", runpath="second"))
    data = changed(data, entry(_RUNPATH, 7), entry(_SONAME, 7))
    facts = elf.read_stream(io.BytesIO(data))
    assert facts.soname == "second"
    assert facts == expected(io.BytesIO(data))


@pytest.mark.parametrize("table", [_VERDEF, _VERNEED])
def test_without_a_table_there_are_no_versions_however_many_there_should_be(table: int) -> None:
    """The loader takes no offence, either."""
    data = write(Spec(soname="x", versions=[("libc.so.6", ["GLIBC_2.34"])], defined=["X_1"]))
    at = data.rindex(struct.pack("<Q", table))
    facts = elf.read_stream(io.BytesIO(data[:at] + struct.pack("<Q", _DEBUG) + data[at + 8 :]))
    assert bool(facts.version_definitions) == (table != _VERDEF)
    assert bool(facts.version_needs) == (table != _VERNEED)


def test_a_section_that_is_cut_off_before_its_end_is_an_error() -> None:
    with pytest.raises(elf.ElfError, match="the dynamic segment is cut off"):
        elf.read_stream(io.BytesIO(write(Spec(soname="x"))[:-16]))


@pytest.mark.parametrize("size", [0, 1, 4])
def test_a_string_ends_within_its_table(size: int) -> None:
    data = changed(write(Spec(soname="four")), entry(_STRSZ, 6), entry(_STRSZ, size))
    with pytest.raises(elf.ElfError, match="string"):
        elf.read_stream(io.BytesIO(data))


@pytest.mark.parametrize("shift", range(-12, 4))
def test_strings_on_both_sides_of_a_block_are_read(shift: int) -> None:
    """The table begins with a string of its own, and `needed` are all over it, back and forth."""
    needed = ["a" * (_BLOCK + shift), "b", "c" * 20, "a" * 5]
    spec = Spec(needed=needed, soname="s" * _BLOCK, versions=[("b", ["B_1"]), ("c", ["C_1" * _BLOCK])])
    facts = elf.read_stream(io.BytesIO(write(spec)))
    assert facts.needed == tuple(needed)
    assert facts == expected(io.BytesIO(write(spec)))


def test_strings_that_lie_across_blocks_are_read_within_a_budget() -> None:
    """Two, each of which begins a part of 64 kB that has not the other, and both are asked for by turns."""
    here, there = _BLOCK - 2, 40 * _BLOCK - 2
    blob = bytearray(write(Spec(soname="x"))[:64].ljust(100 * _BLOCK, b"\0"))
    struct.pack_into("<H", blob, 56, 0)  # e_phnum
    read = 0

    def pread(offset: int, size: int) -> bytes:
        nonlocal read
        read += size
        return bytes(blob[offset : offset + size])

    blob[here : here + 4] = blob[there : there + 4] = b"abcd"
    strings = Strings(ElfFile(pread), 0, len(blob))
    assert strings.at([here, there]) == ["abcd", "abcd"]
    with pytest.raises(elf.ElfError, match="strings of more than"):
        strings.at([here, there] * 1000)
    assert read < 5 << 20


def test_facts_are_equal_when_all_of_them_are() -> None:
    one = elf.VersionNeed("libc.so.6", ("GLIBC_2.2.5",))
    assert one == elf.VersionNeed("libc.so.6", ("GLIBC_2.2.5",), ())
    assert one != elf.VersionNeed("libc.so.6", ("GLIBC_2.2.5",), ("GLIBC_2.34",))
    assert one != ("libc.so.6", ("GLIBC_2.2.5",), ())
    assert len({one, elf.VersionNeed("libc.so.6", ("GLIBC_2.2.5",))}) == 1
    assert repr(one) == "VersionNeed(library='libc.so.6', versions=('GLIBC_2.2.5',), weak=())"
