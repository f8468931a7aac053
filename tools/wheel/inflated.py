"""Reads here and there in a deflate stream that was inflated once, without inflating it anew from the start.

While the stream is inflated, `note` keeps the content itself if that is small. Of a larger one it keeps a
copy of the inflater now and then, which is its window of 32 KiB and a little more. Reading from an offset
then begins at the last copy before it. At most COPIES are kept, so that a file of any size takes a few
megabytes; what is read in one call, or in neighbouring ones, costs one of their distances.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from tools.common.inflate import Inflater, inflater

WHOLE = 8 << 20  # content of up to this size is kept
COPIES = 64
_LEAST = 1 << 20  # no closer together than this
_KEPT = 4  # pieces of content that are kept
_PIECE = 1 << 16


@dataclass(frozen=True)
class _Copy:
    """The inflater when it had taken and given so many bytes."""

    taken: int
    given: int
    inflate: Inflater


class Inflated:
    """The content of one deflate stream.

    Args:
        size: the size of the content.
        raw: gives compressed bytes from an offset, at most so many.
        whole: up to which size the content itself is kept.
        begins: what the content has to begin with. Of another one nothing is kept, and nothing can be read.
    """

    def __init__(
        self, size: int, raw: Callable[[int, int], bytes], *, whole: int = WHOLE, begins: bytes = b""
    ) -> None:
        self._size, self._raw, self._begins = size, raw, begins
        self._keep = size <= whole
        self._distance = max(_LEAST, -(-size // COPIES))
        self._copies = [_Copy(0, 0, inflater())]
        self._taken = self._given = 0
        self._whole: list[bytes] = []
        self._pieces: dict[int, bytes] = {}
        self.fits = True

    def note(self, inflate: Inflater, taken: int, data: bytes) -> None:
        """To be told each step: the inflater after it, how many bytes it took, and what it gave."""
        if self._given < len(self._begins):
            self.fits = self.fits and data.startswith(self._begins[self._given :][: len(data)])
        self._taken += taken
        self._given += len(data)
        if not self.fits:
            return
        if self._keep:
            self._whole.append(data)
        elif self._given - self._copies[-1].given >= self._distance and not inflate.eof:
            self._copies.append(_Copy(self._taken, self._given, inflate.copy()))

    def pread(self, offset: int, size: int) -> bytes:
        """Content from an offset; fewer bytes only at its end."""
        if self._whole:
            self._whole = [b"".join(self._whole)]
            return self._whole[0][offset : offset + size]
        end = min(offset + size, self._size)
        first, last = offset // _PIECE, (end - 1) // _PIECE
        data = b"".join(self._piece(number) for number in range(first, last + 1))
        return data[offset - first * _PIECE : end - first * _PIECE]

    def _piece(self, number: int) -> bytes:
        if number not in self._pieces:
            if len(self._pieces) >= _KEPT:
                del self._pieces[next(iter(self._pieces))]
            self._pieces[number] = self._inflated(number * _PIECE, _PIECE)
        return self._pieces[number]

    def _inflated(self, offset: int, size: int) -> bytes:
        copy = self._copies[bisect_right(self._copies, offset, key=lambda each: each.given) - 1]
        inflate, taken, given = copy.inflate.copy(), copy.taken, copy.given
        found = b""
        chunk = b""
        while len(found) < size and not inflate.eof:
            if not chunk:
                chunk = self._raw(taken, _PIECE)
                taken += len(chunk)
            data = inflate.decompress(chunk, _PIECE)
            if not data and not chunk:
                break
            chunk = inflate.unconsumed_tail
            found += data[max(0, offset - given) :]
            given += len(data)
        return found[:size]
