"""Reads the files in a wheel, each checked in the same pass: against the archive's directory and RECORD."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import IO

from tools.common.inflate import DeflateError, Inflater, inflater
from tools.wheel.content import Content, Recorded
from tools.wheel.inflated import Inflated

CHUNK = 1 << 18
_INPUT = 1 << 16  # at a time: a copy of an inflater keeps what it was given and didn't take yet
_UTF8 = 0x800
_LOCAL = struct.Struct("<4s2xH18xHH")  # a member's own header: magic, flags, lengths of name and extra field
_NO_END = "its deflate stream does not end where the archive says"
_CUT = "cannot be read: the archive ends in it"

Complain = Callable[[str], Exception]
Tap = Callable[[bytes], object]


class Member:
    """One file in a wheel.

    Args:
        file: the archive.
        info: the file's entry in the archive's directory (APPNOTE.TXT 4.3.12).
        recorded: what RECORD says of it, if anything.
        complain: makes an error of what is wrong with the file.
    """

    def __init__(
        self, file: IO[bytes], info: zipfile.ZipInfo, recorded: Recorded | None, complain: Complain
    ) -> None:
        self._file, self._info, self._recorded, self._complain = file, info, recorded, complain

    @property
    def size(self) -> int:
        """The size of the content."""
        return self._info.file_size

    @property
    def crc(self) -> int:
        """CRC-32 of the content."""
        return self._info.CRC

    @property
    def is_deflated(self) -> bool:
        """Whether its compressed bytes are a deflate stream (RFC 1951)."""
        return self._info.compress_type == zipfile.ZIP_DEFLATED

    def read(self) -> bytes:
        """The content of a small file, all at once where that can be: wheels have thousands of them."""
        sizes = self._info.file_size, self._info.compress_size
        if not self.is_deflated or max(sizes) > CHUNK:
            return b"".join(self.content())
        seen = Content(self._info, self._recorded)
        inflate = inflater()
        self._file.seek(self._start())
        chunk = self._file.read(self._info.compress_size)
        if len(chunk) < self._info.compress_size:
            raise self._complain(_CUT)
        # With room for one byte more than there should be, all is seen that a right stream has.
        data = self._decompressed(inflate, chunk, self._info.file_size + 1)
        self._check(seen.add(data))
        if not inflate.eof or inflate.unused_data:
            raise self._complain(_NO_END)
        self._check(seen.problem())
        return data

    def content(self, inflated: Inflated | None = None) -> Iterator[bytes]:
        """The content in chunks. The hash has been compared when the last one was given.

        Args:
            inflated: as for `deflated`.
        """
        seen = Content(self._info, self._recorded)
        for data in self._plain(inflated):
            self._check(seen.add(data))
            yield data
        self._check(seen.problem())

    def deflated(self, tap: Tap | None = None, inflated: Inflated | None = None) -> Iterator[bytes]:
        """The deflate stream as it stands, in chunks; it has been checked when the last one was given.

        Args:
            tap: is called with the content, bit by bit, on the way.
            inflated: takes notes on the way, for reading here and there afterwards.
        """
        seen = Content(self._info, self._recorded)
        inflate = inflater()
        for chunk in self._raw():
            if inflate.eof:
                raise self._complain(_NO_END)
            for data in self._inflate(inflate, chunk, inflated):
                self._check(seen.add(data))
                if tap:
                    tap(data)
            yield chunk
        if not inflate.eof or inflate.unused_data:
            raise self._complain(_NO_END)
        self._check(seen.problem())

    def at(self, offset: int, size: int) -> bytes:
        """Compressed bytes from an offset, unchecked."""
        self._file.seek(self._start() + offset)
        return self._file.read(min(size, self._info.compress_size - offset))

    def _plain(self, inflated: Inflated | None) -> Iterator[bytes]:
        kind = self._info.compress_type
        if kind == zipfile.ZIP_STORED:
            yield from self._raw()
        elif kind == zipfile.ZIP_DEFLATED:
            inflate = inflater()
            for chunk in self._raw():
                if inflate.eof:
                    raise self._complain(_NO_END)
                yield from self._inflate(inflate, chunk, inflated)
            if not inflate.eof or inflate.unused_data:
                raise self._complain(_NO_END)
        else:
            name = zipfile.compressor_names.get(kind, f"method {kind}")  # type: ignore[attr-defined]
            raise self._complain(f"is compressed by {name}; wheels have deflated and stored files only")

    def _inflate(self, inflate: Inflater, chunk: bytes, inflated: Inflated | None) -> Iterator[bytes]:
        full = True  # a full answer may not be all of it, even when all input is used up
        while (chunk or full) and not inflate.eof:
            data = self._decompressed(inflate, chunk, CHUNK)
            if inflated:
                inflated.note(inflate, len(chunk) - len(inflate.unconsumed_tail), data)
            yield data
            chunk, full = inflate.unconsumed_tail, len(data) == CHUNK

    def _decompressed(self, inflate: Inflater, chunk: bytes, size: int) -> bytes:
        try:
            return inflate.decompress(chunk, size)
        except DeflateError as error:
            raise self._complain(f"cannot be read: {error}") from error

    def _raw(self) -> Iterator[bytes]:
        """The compressed bytes. Others may read the archive meanwhile."""
        offset, left = self._start(), self._info.compress_size
        while left:
            self._file.seek(offset)
            chunk = self._file.read(min(_INPUT, left))
            if not chunk:
                raise self._complain(_CUT)
            offset += len(chunk)
            left -= len(chunk)
            yield chunk

    def _start(self) -> int:
        """Where the bytes begin: after the member's own header, which must be about the same member."""
        try:
            self._file.seek(self._info.header_offset)
        except (OSError, OverflowError, ValueError) as error:
            raise self._complain(_CUT) from error
        head = self._file.read(_LOCAL.size)
        if len(head) != _LOCAL.size:
            raise self._complain(_CUT)
        magic: bytes
        flags: int
        name_size: int
        extra_size: int
        magic, flags, name_size, extra_size = _LOCAL.unpack(head)
        raw = self._file.read(name_size)
        name = raw.decode("utf-8" if flags & _UTF8 or raw.isascii() else "cp437", "replace")
        if magic != b"PK\3\4" or name != self._info.orig_filename:
            raise self._complain("the archive's directory does not lead to it")
        return self._info.header_offset + _LOCAL.size + name_size + extra_size

    def _check(self, problem: str | None) -> None:
        if problem:
            raise self._complain(problem)
