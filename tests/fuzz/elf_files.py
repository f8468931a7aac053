"""Damaged ELF files: made ones of every class and byte order, and real ones, those of this Python."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Literal

from hypothesis import strategies as st

from tests.fuzz.bounds import at_once, bounded
from tests.fuzz.damage import NUMBERS, spoilt
from tools.elf_scan import elf
from tools.elf_scan.elf_dynamic import Dynamic
from tools.elf_scan.elf_file import ElfFile
from tools.elf_scan.elf_writer import ET_EXEC, Spec, write

MADE = Spec(
    soname="libmade.so.1",
    needed=("libc.so.6", "libm.so.6", "libü.so"),
    rpath="$ORIGIN/../lib",
    runpath="/opt/lib:$ORIGIN",
    interpreter="/lib64/ld-linux-x86-64.so.2",
    versions=(("libc.so.6", ("GLIBC_2.2.5", "GLIBC_2.34")), ("libm.so.6", ("GLIBC_2.29",))),
    weak=(("libm.so.6", ("GLIBC_2.31",)),),
    defined=("MADE_1.0", "MADE_1.1"),
    flags_1=0x800,
    isa_needed=7,
)
_KINDS = {
    "64-bit": MADE,
    "64-bit far": replace(MADE, base=0x400000, padding=9000),
    "64-bit program": replace(MADE, type=ET_EXEC, machine=183, base=0x400000),
    "64-bit big-endian": replace(MADE, little=False, machine=21),
    "32-bit": replace(MADE, bits=32, machine=3),
    "32-bit big-endian": replace(MADE, bits=32, little=False, machine=8),
}
PT_DYNAMIC, PT_INTERP, PT_GNU_PROPERTY = 2, 3, 0x6474E553
DT_STRTAB, DT_VERDEF, DT_VERNEED = 5, 0x6FFFFFFC, 0x6FFFFFFE
_LARGEST = 3 << 20
_MOST = 12 << 20  # bytes in use at a time


def _mapped() -> dict[str, bytes]:
    """The files of the interpreter, its modules and libraries that are not too large to be copied often."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        paths = {line.split(maxsplit=5)[-1].rstrip() for line in maps if ".so" in line or "/bin/" in line}
    files = [path for path in map(Path, paths) if path.is_file() and path.stat().st_size <= _LARGEST]
    blobs = {path.name: path.read_bytes() for path in sorted(files)}
    return {name: blob for name, blob in blobs.items() if blob[:4] == elf.MAGIC}


SEEDS = {**{name: write(spec) for name, spec in _KINDS.items()}, **_mapped()}


def _fields(blob: bytes) -> list[int]:
    """Where the words are that the reader looks at."""
    file = ElfFile(lambda offset, size: blob[offset : offset + size])
    dynamic = file.first(PT_DYNAMIC)
    assert dynamic is not None
    entries = Dynamic(file, *dynamic)
    parts = [(0, 64 + 14 * 56), (dynamic[0], min(dynamic[1], 800))]
    parts += [
        (file.file_offset(entries.number(tag)), 200)
        for tag in (DT_STRTAB, DT_VERDEF, DT_VERNEED)
        if entries.number(tag)
    ]
    parts += filter(None, map(file.first, (PT_INTERP, PT_GNU_PROPERTY)))
    return [at for start, size in parts for at in range(start, min(start + size, len(blob) - 8), 4)]


FIELDS = {name: _fields(blob) for name, blob in SEEDS.items()}


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file in which fields are extreme or are those of another place, and perhaps more is spoilt."""
    name = draw(st.sampled_from(sorted(SEEDS)))
    blob, fields = bytearray(SEEDS[name]), FIELDS[name]
    order: Literal["little", "big"] = "little" if blob[5] == 1 else "big"
    for _ in range(draw(st.integers(0, 4))):
        at, width = draw(st.sampled_from(fields)), draw(st.sampled_from([1, 2, 4, 8]))
        if draw(st.booleans()):
            number = draw(st.sampled_from(NUMBERS) | st.sampled_from(fields) | st.just(len(blob)))
            blob[at : at + width] = (number % (1 << 8 * width)).to_bytes(width, order)
        else:
            other = draw(st.sampled_from(fields))
            blob[at : at + width] = blob[other : other + width]
    whole = bytes(blob)
    return spoilt(draw(st.data()), whole, fields) if draw(st.integers(0, 2)) == 0 else whole


def check(blob: bytes) -> None:
    """Facts or the reader's own error; at once; in little memory."""
    at_once(lambda: _read(blob))
    with bounded(_MOST):
        _read(blob)


def _read(blob: bytes) -> None:
    try:
        facts = elf.read_stream(io.BytesIO(blob))
    except elf.ElfError:
        return
    assert all(os.fsencode(text).count(b"\0") == 0 for text in facts.needed)
