"""Reads from a shared library the oldest kernel that it runs on, for the caches of glibc before 2.33.

A note (LSB, .note.ABI-tag) is name size, content size and type, then "GNU", then four numbers: the system
(0 is Linux) and the kernel's version. Among libraries only those of glibc itself carry one.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

_PT_NOTE = 4
_MAX_NOTES = 1 << 16
_MAX_OFFSET = 1 << 40
_HEADER = struct.Struct("<32xQ14xHH6x")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_NOTE = struct.Struct("<III")
_NUMBERS = struct.Struct("<IIII")
_ABI_TAG = (4, 16, 1)


def oldest_kernel(stream: BinaryIO) -> int:
    """A byte each for the system, major, minor and patch level; 0 when a 64-bit file does not say."""
    stream.seek(0)
    head = stream.read(_HEADER.size)
    if len(head) < _HEADER.size or head[4:6] != b"\2\1":
        return 0
    offset, size, count = _HEADER.unpack(head)
    if size != _SEGMENT.size or offset > _MAX_OFFSET:
        return 0
    stream.seek(offset)
    raw = stream.read(size * count)
    for segment in _SEGMENT.iter_unpack(raw[: len(raw) // size * size]):
        kind, _, start, _, _, length, _, align = segment
        if kind == _PT_NOTE and start <= _MAX_OFFSET and 32 <= length <= _MAX_NOTES and align >= 4:
            stream.seek(start)
            found = _abi_tag(stream.read(length), align)
            if found:
                return found
    return 0


def _abi_tag(notes: bytes, align: int) -> int:
    at = 0
    while at + 32 <= len(notes):
        name_size, size, _ = note = _NOTE.unpack_from(notes, at)
        if note == _ABI_TAG and notes[at + 12 : at + 16] == b"GNU\0":
            numbers = _NUMBERS.unpack_from(notes, at + 16)
            return int.from_bytes(bytes(number & 0xFF for number in numbers), "big")
        at += _NOTE.size + _aligned(name_size, 4)
        at = _aligned(at, align) + _aligned(size, align)
    return 0


def _aligned(number: int, align: int) -> int:
    return -(-number // align) * align
