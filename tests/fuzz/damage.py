"""Strategies that damage a seed at every level: what describes a wheel, its members, the archive's bytes."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st

from tests.fuzz.seeds import INFO, SEEDS, Seed
from tools.wheel.zip_writer import Raw, raw_wheel

NUMBERS = [
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0xFFFFFFFE,
    0xFFFFFFFF,
    1 << 62,
    (1 << 64) - 1,
]
_MARKS = re.compile(b"PK[\\x01\\x03\\x05\\x06\\x07][\\x02\\x04\\x06-\\x08]")
_WORDS = [
    b"\0",
    b"\n",
    b"\r",
    b"\t",
    b",",
    b'"',
    b"/",
    b"\\",
    b"..",
    b"./",
    b"=",
    b":",
    b"[",
    b"]",
    b"\xff",
    b"\xe9",
]
_WORDS += [
    b"\xe2\x80\xa8",
    b"\n ",
    b"sha256=",
    b"sha1=",
    b"Name: ",
    b"[console_scripts]",
    b"RECORD",
    b"99999999999999",
]
_NAMES = [
    "tiny.py",
    "tiny.py/x",
    "/x",
    "../x",
    "a//b",
    "a/",
    "./a",
    "a\\b",
    "tiny-1.0.data/x",
    "x.dist-info/METADATA",
]
_NAMES += [
    f"{INFO}/RECORD",
    f"{INFO}/x/RECORD",
    f"{INFO}/REQUESTED",
    "tiny-1.0.data/scripts/tool",
    "é",
    "C:x",
    "\u2028",
]
_NAMES += [
    "",
    "a\0b",
    f"{INFO}",
    "tiny-1.0.data/data/bin/tool",
    "tiny-1.0.data/scripts/x/",
    "..",
    "a" * 300,
    "\ufeff",
]


def written(seed: Seed) -> bytes:
    """The wheel's bytes."""
    members = [*seed.members, *(Raw(name, data) for name, data in seed.described.items())]
    with tempfile.TemporaryDirectory() as folder:
        path = raw_wheel(Path(folder), members, zip64=seed.zip64, prefix=seed.prefix, comment=seed.comment)
        return path.read_bytes()


def spoilt(data: st.DataObject, blob: bytes, places: list[int]) -> bytes:
    """Bytes that are changed in a few places: near those that are given, or anywhere."""
    for _ in range(data.draw(st.integers(1, 4))):
        near = data.draw(st.sampled_from([*places, 0])) + data.draw(st.integers(-8, 60))
        at = min(
            max(0, near if data.draw(st.booleans()) else data.draw(st.integers(0, len(blob)))), len(blob)
        )
        kind = data.draw(st.sampled_from(["number", "flip", "word", "cut", "remove", "twice", "end"]))
        if kind == "number":
            width = data.draw(st.sampled_from([1, 2, 4, 8]))
            number = data.draw(st.sampled_from(NUMBERS)) % (1 << 8 * width)
            blob = blob[:at] + number.to_bytes(width, "little") + blob[at + width :]
        elif kind == "flip" and at < len(blob):
            blob = blob[:at] + bytes([blob[at] ^ (1 << data.draw(st.integers(0, 7)))]) + blob[at + 1 :]
        elif kind == "word":
            blob = blob[:at] + data.draw(st.sampled_from(_WORDS)) + blob[at:]
        elif kind == "remove":
            blob = blob[:at] + blob[at + data.draw(st.integers(1, 40)) :]
        elif kind == "twice":
            blob = blob[:at] + blob[max(0, at - data.draw(st.integers(1, 99))) :]
        elif kind == "end" and data.draw(st.integers(0, 3)) == 0:
            blob = blob[:at]
    return blob


def _member(data: st.DataObject, member: Raw) -> Raw:
    """A member of which one field is another, so that RECORD still agrees with it."""
    kind = data.draw(st.sampled_from(["name", "data", "method", "flags", "mode", "stream", "form", "crc"]))
    if kind == "name":
        return replace(member, name=data.draw(st.sampled_from(_NAMES) | st.text(max_size=9)))
    if kind == "data":
        return replace(member, data=spoilt(data, member.data, []))
    if kind == "stream":
        return replace(member, stream=spoilt(data, member.packed(), []))
    if kind == "method":
        return replace(member, method=data.draw(st.sampled_from([0, 8, 8, 9, 12, 14, 95, 99])))
    if kind == "form":
        return replace(member, descriptor=data.draw(st.booleans()), zip64=data.draw(st.booleans()))
    if kind == "crc":
        return replace(member, crc=data.draw(st.integers(0, 0xFFFFFFFF)))
    number = data.draw(st.integers(0, 0xFFFF))
    return replace(member, flags=number) if kind == "flags" else replace(member, mode=number)


@st.composite
def wheels(draw: st.DrawFn) -> bytes:
    """The bytes of a wheel that is damaged."""
    data = draw(st.data())
    seed = SEEDS[draw(st.sampled_from(sorted(SEEDS)))]
    level = draw(st.sampled_from(["described", "member", "bytes", "bytes"]))
    try:
        if level == "described":
            names = [*seed.described, *(str(each.name) for each in seed.members if INFO in str(each.name))]
            name = draw(st.sampled_from(names))
            old = seed.described.get(name) or next(each.data for each in seed.members if each.name == name)
            members = [each for each in seed.members if each.name != name]
            new = {**seed.described, name: spoilt(data, old, [0])}
            return written(replace(seed, members=members, described=new))
        if level == "member":
            members = list(seed.members)
            for _ in range(draw(st.integers(1, 2))):
                number = draw(st.integers(0, len(members) - 1))
                changed = _member(data, members[number])
                members[number : number + draw(st.integers(0, 1))] = [changed]
            return written(replace(seed, members=members))
    except UnicodeEncodeError:
        return b""  # half of a pair of code units is no name that can be written
    blob = written(seed)
    return spoilt(data, blob, [match.start() for match in _MARKS.finditer(blob)])
