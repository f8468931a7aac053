"""The ELF reader against pyelftools, against files that were made for it, and against broken ones."""

from __future__ import annotations

import io
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.elf_scan import elf
from tools.elf_scan.elf_oracle import expected
from tools.elf_scan.elf_writer import ET_REL, Spec, write

FULL = Spec(
    soname="libfull.so.1",
    needed=("libc.so.6", "libm.so.6", "libü.so"),
    rpath="$ORIGIN/../lib",
    runpath="/opt/lib:$ORIGIN",
    interpreter="/lib64/ld-linux-x86-64.so.2",
    versions=(("libc.so.6", ("GLIBC_2.2.5", "GLIBC_2.34")), ("libm.so.6", ("GLIBC_2.29",))),
    weak=(("libm.so.6", ("GLIBC_2.31",)), ("libw.so", ("W_1", "W_2"))),
    defined=("FULL_1.0", "FULL_1.1", "FULL_2"),
    flags_1=0x800,
    isa_needed=7,
)
KINDS = [(64, True, 62), (64, True, 183), (32, True, 3), (32, True, 40), (64, False, 21), (32, False, 8)]
SYSTEM = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/bin", "/usr/sbin")


@pytest.mark.parametrize("base", [0, 0x400000])
@pytest.mark.parametrize(("bits", "little", "machine"), KINDS)
def test_every_field_is_read_for_each_class_and_byte_order(
    bits: int, little: bool, machine: int, base: int
) -> None:
    data = write(
        Spec(
            **{
                **vars(FULL),
                "bits": bits,
                "little": little,
                "machine": machine,
                "flags": 0x5000400,
                "base": base,
            }
        )
    )
    assert elf.read_stream(io.BytesIO(data)) == expected(io.BytesIO(data))
    assert elf.read_stream(io.BytesIO(data)) == elf.Elf(
        e_type=elf.ET_DYN,
        machine=machine,
        bits=bits,
        little=little,
        flags=0x5000400,
        dynamic=True,
        interpreter=FULL.interpreter,
        soname=FULL.soname,
        needed=("libc.so.6", "libm.so.6", "libü.so"),
        rpath=FULL.rpath,
        runpath=FULL.runpath,
        nodeflib=True,
        version_needs=(
            elf.VersionNeed("libc.so.6", ("GLIBC_2.2.5", "GLIBC_2.34")),
            elf.VersionNeed("libm.so.6", ("GLIBC_2.29",), ("GLIBC_2.31",)),
            elf.VersionNeed("libw.so", (), ("W_1", "W_2")),
        ),
        version_definitions=("FULL_1.0", "FULL_1.1", "FULL_2"),
        x86_isa_needed=7 if machine == elf.EM_X86_64 else 0,
    )


def test_tables_far_into_the_file_are_found(tmp_path: Path) -> None:
    path = tmp_path / "far"
    path.write_bytes(write(Spec(soname="far", needed=("a" * 3000,), padding=5_000_000)))
    assert elf.read_path(path).needed == ("a" * 3000,)


@pytest.mark.parametrize("spec", [Spec(dynamic=False), Spec(type=ET_REL, needed=("x",)), Spec(type=4)])
def test_what_the_loader_does_not_load(spec: Spec) -> None:
    facts = elf.read_stream(io.BytesIO(write(spec)))
    assert (facts.loadable, facts.needed) == (False, ())


@pytest.mark.parametrize("data", [b"", b"\x7fEL", b"/* GNU ld script */ GROUP ( libc.so.6 )", b"PK\3\4" * 20])
def test_other_files_are_told_apart(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "f.so"
    path.write_bytes(data)
    with pytest.raises(elf.NotElfError):
        elf.read_path(path)


def test_nothing_but_a_regular_file_is_opened_for_long(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, Path("/dev/null"), Path("/dev/zero")):
        with pytest.raises(elf.NotElfError, match="not a regular file"):
            elf.read_path(path)
    with pytest.raises(elf.ElfError, match="No such file"):
        elf.read_path(tmp_path / "missing")


def test_a_huge_sparse_file_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    path.write_bytes(write(FULL))
    os.truncate(path, 8 << 30)
    start = time.process_time()
    assert elf.read_path(path).soname == FULL.soname
    path.write_bytes(b"\x7fELF\2\1\1")
    os.truncate(path, 8 << 30)
    assert not elf.read_path(path).loadable
    assert time.process_time() - start < 0.2


def test_a_dynamic_section_without_a_string_table_is_an_error() -> None:
    data = write(Spec(soname="x")).replace((5).to_bytes(8, "little"), (6).to_bytes(8, "little"))
    with pytest.raises(elf.ElfError, match="string table"):
        elf.read_stream(io.BytesIO(data))


def cpu_seconds(data: bytes) -> tuple[float, bool]:
    """The time that reading takes, and whether there were facts and not the reader's own error."""
    start = time.process_time()
    try:
        elf.read_stream(io.BytesIO(data))
    except elf.ElfError:
        return time.process_time() - start, False
    return time.process_time() - start, True


def test_mutations_and_cuts_give_the_readers_own_error_at_once() -> None:
    chance = random.Random(2)
    slowest, read = 0.0, 0
    for number in range(20_000):
        bits, little, machine = KINDS[number % len(KINDS)]
        data = bytearray(write(Spec(**{**vars(FULL), "bits": bits, "little": little, "machine": machine})))
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(4, len(data))] = chance.choice(
                (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256))
            )
        if chance.random() < 0.2:
            del data[chance.randrange(4, len(data)) :]
        took, good = cpu_seconds(bytes(data))
        if took > 0.01:  # perhaps the machine was busy
            took, _ = min(cpu_seconds(bytes(data)) for _ in range(3))
        read += good
        slowest = max(slowest, took)
    assert 0 < read < 20_000
    assert slowest < 0.05


def test_long_tables_are_bounded() -> None:
    loop = write(Spec(soname="x", versions=(("a", ("b",) * 60_000),)))
    with pytest.raises(elf.ElfError, match="symbol versions"):
        elf.read_stream(io.BytesIO(loop))
    with pytest.raises(elf.ElfError, match="symbol versions"):
        elf.read_stream(io.BytesIO(write(Spec(soname="x", defined=("b",) * 60_000))))
    with pytest.raises(elf.ElfError, match="dynamic entries"):
        elf.read_stream(io.BytesIO(write(Spec(needed=("a",) * 5000))))


def real_files() -> Iterator[Path]:
    """ELF files of the machine and of the wheels that Bazel put beside the test."""
    for folder in SYSTEM:
        yield from sorted(Path(folder).glob("*"))[:150]
    if "RUNFILES_DIR" in os.environ:
        for where, _, names in sorted(os.walk(os.environ["RUNFILES_DIR"], followlinks=True)):
            yield from (Path(where, name) for name in sorted(names))


def test_pyelftools_agrees_on_real_files() -> None:
    seen: dict[tuple[int, int], int] = {}
    for path in real_files():
        if not path.is_file() or path.stat().st_size > 150_000_000:
            continue
        with path.open("rb") as stream:
            wanted = expected(stream)
        if wanted is None:
            continue
        facts = elf.read_path(path)
        assert facts == wanted, path
        seen[facts.machine, facts.bits] = seen.get((facts.machine, facts.bits), 0) + 1
    assert sum(seen.values()) > 200, seen
