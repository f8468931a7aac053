"""Reading here and there in deflate streams gives what plain slices of the content give."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tools.wheel import inflated
from tools.wheel.inflated import COPIES, Inflated
from tools.wheel.wheel import Wheel
from tools.wheel.wheel_writer import write_wheel

LEAST, PIECE = 64, 48


def content(kind: str, size: int, seed: int) -> bytes:
    """Content that deflates well, or not at all, or in turns."""
    noise = random.Random(seed)
    if kind == "zeros":
        return bytes(size)
    if kind == "noise":
        return noise.randbytes(size)
    words = [noise.randbytes(noise.randint(1, 9)) for _ in range(20)]
    data = bytearray()
    while len(data) < size:
        data += noise.choice(words) if kind == "words" or noise.random() < 0.9 else noise.randbytes(40)
    return bytes(data[:size])


def deflated(data: bytes, level: int, flush: int, every: int) -> bytes:
    """A stream; level 0 has stored blocks only, and flushes end blocks early."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    stream = b""
    for start in range(0, len(data), every):
        stream += deflate.compress(data[start : start + every]) + deflate.flush(flush)
    return stream + deflate.flush()


def noted(
    data: bytes, stream: bytes, chunk: int, step: int, *, whole: int = 0, begins: bytes = b""
) -> Inflated:
    """What was noted while a stream was inflated, so many bytes of input and of output at a time."""
    notes = Inflated(
        len(data), lambda offset, size: stream[offset : offset + size], whole=whole, begins=begins
    )
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    got = b""
    for piece in chunks(stream, chunk):
        rest, full = piece, True
        while (rest or full) and not inflate.eof:
            more = inflate.decompress(rest, step)
            notes.note(inflate, len(rest) - len(inflate.unconsumed_tail), more)
            got += more
            rest, full = inflate.unconsumed_tail, len(more) == step
    assert got == data
    assert inflate.eof
    return notes


def chunks(stream: bytes, size: int) -> Iterator[bytes]:
    yield from (stream[start : start + size] for start in range(0, len(stream), size))


@settings(
    derandomize=True,
    max_examples=600,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    kind=st.sampled_from(["zeros", "noise", "words", "mixed"]),
    size=st.integers(0, 4 * COPIES * LEAST),
    seed=st.integers(0, 99),
    level=st.sampled_from([0, 1, 6, 9]),
    flush=st.sampled_from([zlib.Z_NO_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH]),
    every=st.sampled_from([1, 100, 5000, 10**9]),
    chunk=st.sampled_from([1, 2, 7, 100, 10**9]),
    step=st.sampled_from([1, 50, 257, 10**6]),
    whole=st.sampled_from([0, 10**9]),
    reads=st.lists(
        st.tuples(st.floats(0, 1.1), st.integers(0, 5 * PIECE) | st.integers(0, 10**6)), max_size=12
    ),
)
def test_any_bytes_are_those_of_the_content(
    kind: str,
    size: int,
    seed: int,
    level: int,
    flush: int,
    every: int,
    chunk: int,
    step: int,
    whole: int,
    reads: list[tuple[float, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inflated, "WHOLE", 100)
    monkeypatch.setattr(inflated, "_LEAST", LEAST)
    monkeypatch.setattr(inflated, "_PIECE", PIECE)
    data = content(kind, size if max(chunk, every) > 1 and step > 1 else size // 16, seed)
    if every == 1 or (chunk == 1 and level == 0):
        data = data[:500]
    notes = noted(data, deflated(data, level, flush, every), chunk, step, whole=whole)
    assert len(notes._copies) <= COPIES + 1
    for where, length in reads:
        offset = int(where * len(data))
        assert notes.pread(offset, length) == data[offset : offset + length]


@pytest.mark.parametrize("step", [1, 100])
@pytest.mark.parametrize(
    ("begins", "fits"), [(b"", True), (b"wo", True), (b"words", True), (b"wordy", False), (b"Wo", False)]
)
def test_only_content_that_begins_right_is_kept(begins: bytes, fits: bool, step: int) -> None:
    data = b"words and words"
    notes = noted(data, deflated(data, 6, zlib.Z_NO_FLUSH, 100), 100, step, whole=100, begins=begins)
    assert notes.fits == fits
    assert (b"".join(notes._whole) == data) == fits


def test_memory_and_time_are_bounded_for_a_large_stream(tmp_path: Path) -> None:
    """A copy keeps what of its input is left, too; a read takes one distance, not all that is before it."""
    size = 128 << 20
    block = random.Random(0).randbytes(1 << 10)
    path = write_wheel(tmp_path, "some-pkg", "1.5", {"large": block * (size >> 10)})
    asked = []
    with Wheel.open(path) as wheel:
        member = wheel.member("large")

        def raw(offset: int, length: int) -> bytes:
            asked.append(length)
            return member.at(offset, length)

        tracemalloc.start()
        notes = Inflated(size, raw)
        packed = sum(len(chunk) for chunk in member.deflated(inflated=notes))
        assert COPIES // 2 < len(notes._copies) <= COPIES
        for offset in (0, size - 100, size // 2 - 5, size // 3, 12345):
            start = offset % len(block)
            assert notes.pread(offset, 100) == (block + block)[start : start + 100]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 12 << 20
    assert sum(asked) < 5 * (packed // COPIES + 2 * inflated._PIECE)
