"""Puts files of a wheel into a layer part without compressing them anew, and looks into them on the way.

Large files keep the deflate stream that they have in the wheel; it is inflated once, to compare it with
RECORD. Small ones are compressed together with their tar headers, which is smaller.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from tools.layer.part import EntryWriter, PartWriter
from tools.layer.tar import Entry
from tools.wheel.inflated import Inflated
from tools.wheel.member import Member, Tap
from tools.wheel.wheel import Wheel

# Files of up to this size, unless `small_size` says which.
SMALL = 16 << 10

# A file that is copied takes some 600 bytes more than among its neighbours: for its header by itself, and for
# what they have in common. One in so many compressed bytes keeps a wheel within 5 % of tar and gzip -6.
_BYTES_A_COPY = 25_000
LEAST, MOST = 4 << 10, 32 << 10

Pread = Callable[[int, int], bytes]
Look = Callable[[Pread], object]


def small_size(wheel: Wheel) -> int:
    """Up to which size the files of a wheel are best compressed together with their headers.

    Compressing takes most of the time. A wheel with some large files can have many small ones copied before
    its part gets noticeably larger; one with nothing but modules only its largest.
    """
    sizes = sorted((wheel.size(name) for name in wheel.names()), reverse=True)
    copied = wheel.compressed_size // _BYTES_A_COPY
    return min(MOST, max(LEAST, sizes[copied])) if copied < len(sizes) else LEAST


def add_member(
    writer: EntryWriter,
    entry: Entry,
    member: Member,
    *,
    tap: Tap | None = None,
    look: Look | None = None,
    begins: bytes = b"",
    small: int = SMALL,
) -> None:
    """Adds a file of a wheel as `entry`, whose size is the member's.

    Args:
        writer: writes the part. Only one with gzip can copy the deflate stream.
        entry: the file in the layer.
        member: the file in the wheel.
        tap: is called with the content, bit by bit, on the way.
        look: is called at the end with `pread(offset, size)` of the content, which takes it from the same
            pass: nothing is inflated a second time but a little around what is read.
        begins: `look` is called only for content that begins so.
        small: files of up to this size are compressed anew.

    Raises:
        ToolError: the file is damaged, or differs from RECORD; what was written so far is then of no use.
    """
    if entry.size <= small:
        data = member.read()
        writer.add(entry, data)
        if tap:
            tap(data)
        if look and data.startswith(begins):
            look(lambda offset, size: data[offset : offset + size])
    elif member.is_deflated:
        inflated = Inflated(member.size, member.at, begins=begins) if look else None
        if isinstance(writer, PartWriter):
            writer.add_deflated(entry, member.deflated(tap, inflated), member.crc)
        else:
            writer.add(entry, _Chunks(member.content(inflated), tap))
        if look and inflated and inflated.fits:
            look(inflated.pread)
    else:
        writer.add(entry, _Chunks(member.content(), tap))
        if look and member.at(0, len(begins)) == begins:
            look(member.at)  # it is stored as it is


class _Chunks:
    """A stream of what an iterator gives."""

    def __init__(self, chunks: Iterator[bytes], tap: Tap | None) -> None:
        self._chunks, self._tap = chunks, tap
        self._left = io.BytesIO()

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, none at the end."""
        data = self._left.read(size)
        while not data and (chunk := next(self._chunks, None)) is not None:
            if self._tap:
                self._tap(chunk)
            self._left = io.BytesIO(chunk)
            data = self._left.read(size)
        return data
