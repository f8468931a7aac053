"""Writes /etc/ld.so.cache: format glibc-ld.so.cache1.1, as ldconfig writes it.

The structures are in glibc's sysdeps/generic/dl-cache.h:

    struct cache_file_new   magic[17] version[3] nlibs:u32 len_strings:u32 flags:u8 pad[3]
                            extension_offset:u32 unused[3]:u32                              48 bytes
    struct file_entry_new   flags:i32 key:u32 value:u32 osversion:u32 hwcap:u64             24 bytes each
    string table            len_strings bytes; key and value are offsets from the file's start
    struct cache_extension  magic:u32 count:u32, then per section tag:u32 flags:u32 offset:u32 size:u32

Entries are sorted as the loader's binary search wants them, and the string table shares the ends of strings,
both as elf/cache.c and elf/stringtable.c do it, so that the file is the one that ldconfig would have written.

That is glibc 2.33 and later. Debian 11's 2.31 writes neither extension nor glibc-hwcaps, shares no strings,
and fills osversion with the oldest kernel that the library's ABI note allows.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_MAGIC = b"glibc-ld.so.cache1.1"
_HEADER = struct.Struct("<20sIIB3xI12x")
_ENTRY = struct.Struct("<iIIIQ")
_LITTLE_ENDIAN = 2
_HWCAP_EXTENSION = 1 << 62
_EXTENSION_MAGIC = 0xEAA42174
_SECTION = struct.Struct("<IIII")
_GENERATOR_TAG, _HWCAPS_TAG = 0, 1


@dataclass(frozen=True)
class Entry:
    """One library: what is asked for, where it is, its kind, and the glibc-hwcaps folder that holds it."""

    soname: str
    path: str
    flags: int
    hwcaps: str | None = None
    isa_level: int = 0
    oldest_kernel: int = 0


def serialise(entries: Sequence[Entry], hwcaps: Iterable[str] = (), generator: bytes | None = None) -> bytes:
    """The cache file. `hwcaps` names all glibc-hwcaps folders seen, `generator` is ldconfig's signature."""
    ordered = _sorted(entries)
    used = sorted({entry.hwcaps for entry in ordered if entry.hwcaps is not None}, key=_raw)
    start = _HEADER.size + _ENTRY.size * len(ordered)
    texts = {text for entry in ordered for text in (entry.soname, entry.path)} | set(hwcaps) | set(used)
    table, offsets = _string_table(texts)
    body = b"".join(
        _ENTRY.pack(
            entry.flags, start + offsets[entry.soname], start + offsets[entry.path], 0, _hwcap(entry, used)
        )
        for entry in ordered
    )
    end = start + len(table)
    extension = end + -end % 4
    header = _HEADER.pack(_MAGIC, len(ordered), len(table), _LITTLE_ENDIAN, extension)
    names = b"".join(struct.pack("<I", start + offsets[name]) for name in used)
    return header + body + table + bytes(extension - end) + _extensions(extension, names, generator)


def serialise_plain(entries: Sequence[Entry]) -> bytes:
    """The cache file of glibc before 2.33."""
    ordered = _sorted(entry for entry in entries if entry.hwcaps is None)
    at = _HEADER.size + _ENTRY.size * len(ordered)
    body, table = b"", b""
    for entry in ordered:
        soname, path = (_raw(text) + b"\0" for text in (entry.soname, entry.path))
        key = at + len(table)
        body += _ENTRY.pack(entry.flags, key, key + len(soname), entry.oldest_kernel, 0)
        table += soname + path
    return _HEADER.pack(_MAGIC, len(ordered), len(table), _LITTLE_ENDIAN, 0) + body + table


def version_key(name: str) -> tuple[tuple[int, int], ...]:
    """Sorts library names as the loader compares them: runs of digits by value, and above any other byte.

    After glibc's _dl_cache_libcmp: `libx.so.10` > `libx.so.9`, and a digit beats every letter.
    """
    key: list[tuple[int, int]] = []
    for number, other in re.findall(rb"([0-9]+)|([^0-9])", _raw(name), re.DOTALL):
        key.append((2, int(number)) if number else (1, other[0] - 256 if other[0] > 127 else other[0]))
    return (*key, (1, 0))


def _sorted(entries: Iterable[Entry]) -> list[Entry]:
    """Descending by name and flags, those of glibc-hwcaps folders first. Equal ones keep their order."""
    order = sorted(entries, key=lambda entry: (entry.hwcaps is None, _raw(entry.hwcaps or "")))
    return sorted(order, key=lambda entry: (version_key(entry.soname), entry.flags), reverse=True)


def _hwcap(entry: Entry, used: Sequence[str]) -> int:
    if entry.hwcaps is None:
        return 0
    return _HWCAP_EXTENSION | entry.isa_level << 32 | used.index(entry.hwcaps)


def _string_table(texts: Iterable[str]) -> tuple[bytes, dict[str, int]]:
    """All strings, each with its NUL, where one that ends another shares its bytes."""
    parts: list[bytes] = []
    offsets: dict[str, int] = {}
    size, previous, at = 0, b"", 0
    for text in sorted(texts, key=lambda text: _raw(text)[::-1], reverse=True):
        raw = _raw(text)
        if previous.endswith(raw):
            at += len(previous) - len(raw)
        else:
            at = size
            parts.append(raw + b"\0")
            size += len(raw) + 1
        offsets[text] = at
        previous = raw
    return b"".join(parts), offsets


def _extensions(offset: int, hwcaps: bytes, generator: bytes | None) -> bytes:
    sections = [(_GENERATOR_TAG, generator)] if generator is not None else []
    if hwcaps:
        sections.append((_HWCAPS_TAG, hwcaps))
    at = offset + 8 + _SECTION.size * len(sections)
    places = {}
    for tag, data in reversed(sections):  # the array of offsets comes first, for its alignment
        places[tag] = at
        at += len(data)
    directory = b"".join(_SECTION.pack(tag, 0, places[tag], len(data)) for tag, data in sections)
    data = b"".join(data for _, data in reversed(sections))
    return struct.pack("<II", _EXTENSION_MAGIC, len(sections)) + directory + data


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
