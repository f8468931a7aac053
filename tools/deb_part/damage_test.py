"""A .deb that is damaged, wherever it is: DebPart notices, and never takes the rest for all of it."""

from __future__ import annotations

import io
import lzma
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.deb_part import ar
from tools.deb_part.debs import FULL, Built, build, rearranged, refused, relocked
from tools.deb_part.debs import ar as ar_of

Damage = Callable[[bytes], bytes]
MEMBERS = "its members are debian-binary, control.tar.xz, data.tar.xz"


def cut(keep: float) -> Damage:
    return lambda blob: blob[: int(len(blob) * keep)]


def read_all(deb: Path) -> None:
    with deb.open("rb") as stream:
        parts = ar.members(stream, deb.stat().st_size)
        for name in ("control.tar", "data.tar"):
            with ar.open_tar(stream, parts[name]) as archive:
                list(archive)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut(0.99), "is truncated: data.tar.xz"),
        (cut(0.3), "is truncated"),
        (cut(0.01), "truncated"),
        (lambda blob: b"", "does not begin as an ar archive"),
        (lambda blob: b"<html>404</html>", "does not begin as an ar archive"),
        (lambda blob: blob[:-40] + bytes(40), "damaged or truncated"),
        (lambda blob: blob.replace(b"data.tar.xz", b"data.tar.lz"), "lz is not a compression"),
        (lambda blob: blob.replace(b"data.tar.xz ", b"other.thing "), "its members are"),
        (lambda blob: blob.replace(b"\n2.0\n", b"\n9.0\n"), "not a .deb of format 2"),
    ],
)
def test_damage_is_named(tmp_path: Path, damage: Damage, reason: str) -> None:
    built = build(tmp_path, "tool", FULL)
    built.path.write_bytes(damage(built.path.read_bytes()))
    with pytest.raises(ToolError) as caught:
        read_all(built.path)
    assert reason in str(caught.value)


def in_member(built: Built, name: str, damage: Damage) -> Built:
    """The .deb with one of its members damaged, and all around it as it should be."""
    return rearranged(built, lambda each, data: damage(data) if each.startswith(name) else data)


@pytest.mark.parametrize("compress", ["xz", "gzip", "zstd", "none"])
@pytest.mark.parametrize("name", ["control.tar", "data.tar"])
def test_a_damaged_member_is_refused(tmp_path: Path, compress: str, name: str) -> None:
    built = build(tmp_path, "tool", FULL, compress=compress)
    damages = [cut(keep) for keep in (0.0, 0.01, 0.1)] + [lambda data: b"?" * len(data)]
    if compress != "none":  # there the rest may be the zeros behind the end
        damages += [cut(keep) for keep in (0.5, 0.9, 0.99)]
    for damage in damages:
        assert f"is damaged or truncated: {name}" in refused(in_member(built, name, damage))


def replaced_by(data: bytes) -> Damage:
    return lambda _: data


def at(offset: int, *, skip: int = 0, insert: bytes = b"", end: bool = False) -> Damage:
    return lambda tar: tar[:offset] + insert + (b"" if end else tar[offset + skip :])


@pytest.mark.parametrize("compress", ["xz", "none"])
def test_a_tar_that_ends_between_two_entries_is_refused(tmp_path: Path, compress: str) -> None:
    """tarfile itself takes this for an end, and a damaged header as well."""
    built = build(tmp_path, "tool", FULL, compress=compress)
    packed, unpacked = (lzma.compress, lzma.decompress) if compress == "xz" else (bytes, bytes)
    blob = built.path.read_bytes()
    data = ar.members(io.BytesIO(blob), len(blob))["data.tar"]
    tar = unpacked(blob[data.offset : data.offset + data.size])
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        offsets = [each.offset for each in archive][1:]
    assert len(offsets) > 5
    for offset in offsets:
        damages = [at(offset, end=True), at(offset + 100, end=True)]
        damages += [at(offset + 10, skip=1, insert=b"\xff"), at(offset, skip=40)]
        for damage in damages:
            bad = in_member(built, "data.tar", replaced_by(packed(damage(tar))))
            assert "is damaged or truncated: data.tar" in refused(bad)


@pytest.mark.parametrize("name", ["debian-binary", "control.tar", "data.tar"])
@pytest.mark.parametrize("size", ["", "0", "+1", "+2", "-2", "+1000", "9999999999", "1e3"])
def test_a_member_of_another_size_than_it_says_is_refused(tmp_path: Path, name: str, size: str) -> None:
    built = build(tmp_path, "tool", FULL)
    blob = built.path.read_bytes()
    field = blob.index(name.encode()) + 48
    new = str(int(blob[field : field + 10]) + int(size)) if size[:1] in ("+", "-") else size
    error = refused(relocked(built, blob[:field] + new.ljust(10).encode() + blob[field + 10 :]))
    assert re.search("damaged or truncated|is truncated|is not a .deb", error)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (b"garbage", "is damaged or truncated: no ar header at byte"),
        (b"garbage" * 20, "is damaged or truncated: no ar header at byte"),
        (ar_of([("more.tar.xz", b"")])[8:], f"{MEMBERS}, more.tar.xz"),
        (ar_of([("data.tar.xz", b"")])[8:], f"{MEMBERS}, data.tar.xz"),
    ],
)
def test_what_follows_the_members_is_refused(tmp_path: Path, more: bytes, reason: str) -> None:
    built = build(tmp_path, "tool", FULL)
    blob = built.path.read_bytes()
    assert reason in refused(relocked(built, blob + b"\n" * (len(blob) % 2) + more))
