"""Parts and layers, read back with Python's tarfile and with GNU tar."""

import gzip
import hashlib
import io
import random
import subprocess
import tarfile
import tracemalloc
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tools.common.errors import ToolError
from tools.layer import tar
from tools.layer.part import PartWriter, write_layer
from tools.layer.tar import Entry, Kind

LONG = "d" * 99 + "/" + "n" * 99
ENTRIES = [
    (Entry("usr", Kind.DIR, 0o755), None),
    (Entry("usr/bin", Kind.DIR, 0o1777, uid=1, gid=2, mtime=77), None),
    (Entry("usr/bin/su", Kind.FILE, 0o4755, gid=12, size=5), b"hello"),
    (Entry("usr/bin/hard", Kind.HARDLINK, 0o4755, link="usr/bin/su"), None),
    (Entry("usr/bin/soft", Kind.SYMLINK, 0o777, link="/etc/../x"), None),
    (Entry("usr/empty", Kind.FILE, 0o600), b""),
    (Entry("usr/" + LONG, Kind.FILE, 0o644, size=513), b"x" * 513),
]


def part(entries: list[tuple[Entry, bytes | None]]) -> bytes:
    out = io.BytesIO()
    with PartWriter(out) as writer:
        for entry, data in entries:
            writer.add(entry, data)
    return out.getvalue()


def layer(tmp_path: Path, *parts: bytes) -> Path:
    paths = []
    for number, data in enumerate(parts):
        paths.append(tmp_path / f"{number}.part")
        paths[-1].write_bytes(data)
    result = tmp_path / "layer.tar.gz"
    with result.open("wb") as out:
        write_layer(paths, out)
    return result


def test_tarfile_reads_back_every_field(tmp_path: Path) -> None:
    with tarfile.open(layer(tmp_path, part(ENTRIES))) as archive:
        members = archive.getmembers()
        for member, (entry, data) in zip(members, ENTRIES, strict=True):
            assert (member.name, member.mode, member.uid, member.gid) == (
                entry.path,
                entry.mode,
                entry.uid,
                entry.gid,
            )
            assert (member.size, member.linkname, member.mtime) == (entry.size, entry.link, entry.mtime)
            assert (member.uname, member.gname) == ("", "")
            if entry.kind is Kind.FILE:
                assert cast(BinaryIO, archive.extractfile(member)).read() == data


@pytest.mark.parametrize(
    ("name", "pax"),
    [
        ("a" * 100, False),
        ("a" * 101, True),
        ("p" * 155 + "/" + "n" * 100, False),
        ("p" * 156 + "/" + "n" * 100, True),
        ("p" * 155 + "/" + "n" * 101, True),
        ("/".join("abcde" * 50), True),
        ("/".join("abcde" * 25), False),
        ("usr/share/Főtanúsítvány.crt", True),
    ],
)
@pytest.mark.parametrize("kind", [Kind.FILE, Kind.DIR])
def test_names_survive_and_pax_is_used_only_when_needed(
    tmp_path: Path, name: str, pax: bool, kind: Kind
) -> None:
    entry = Entry(name, kind, 0o755)
    if kind is Kind.FILE:
        assert (len(tar.header(entry)) > tar.BLOCK) == pax
    path = layer(tmp_path, part([(entry, None)]))
    with tarfile.open(path) as archive:
        assert archive.getnames() == [name]
    listed = subprocess.run(
        ["tar", "--quoting-style=literal", "-tzf", path], capture_output=True, text=True, check=True
    )
    assert listed.stdout.rstrip("/\n") == name


@pytest.mark.parametrize(
    "entry",
    [
        Entry("f", Kind.FILE, 0o644, uid=8**7, gid=8**7 - 1),
        Entry("f", Kind.FILE, 0o644, mtime=8**11),
        Entry("l", Kind.SYMLINK, 0o777, link="x" * 101),
        Entry("l", Kind.SYMLINK, 0o777, link="ü"),
    ],
)
def test_large_fields_go_to_pax(tmp_path: Path, entry: Entry) -> None:
    with tarfile.open(layer(tmp_path, part([(entry, None)]))) as archive:
        (member,) = archive.getmembers()
    assert (member.uid, member.gid, member.mtime, member.linkname) == (
        entry.uid,
        entry.gid,
        entry.mtime,
        entry.link,
    )


def test_a_file_of_8_gib_has_its_size_in_pax() -> None:
    head = tar.header(Entry("big", Kind.FILE, 0o644, size=8**11))
    assert tarfile.TarInfo.frombuf(head[-512:], "utf-8", "strict").size == 0
    assert b" size=8589934592\n" in head


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (Entry("/etc/passwd", Kind.FILE, 0o644), "is absolute"),
        (Entry("a/../../etc", Kind.FILE, 0o644), "leaves the root"),
        (Entry("./a", Kind.FILE, 0o644), "normal form"),
        (Entry("a//b", Kind.FILE, 0o644), "normal form"),
        (Entry("a/", Kind.DIR, 0o755), "normal form"),
        (Entry("", Kind.DIR, 0o755), "normal form"),
        (Entry("a\udcff", Kind.FILE, 0o644), "not UTF-8"),
        (Entry("a\0b", Kind.FILE, 0o644), "not UTF-8"),
        (Entry("a", Kind.FILE, 0o100644), "not a permission"),
        (Entry("a", Kind.FILE, 0o644, uid=-1), "negative"),
        (Entry("a", Kind.DIR, 0o755, size=1), "no content"),
        (Entry("a", Kind.SYMLINK, 0o777), "link target ''"),
        (Entry("a", Kind.FILE, 0o644, link="b"), "link target 'b'"),
        (Entry("a", Kind.HARDLINK, 0o644, link="../b"), "leaves the root"),
        (Entry("a", Kind.HARDLINK, 0o644, link="b"), "does not come before"),
    ],
)
def test_what_cannot_be_in_a_layer(entry: Entry, reason: str) -> None:
    with pytest.raises(ToolError, match=reason):
        part([(entry, None)])


def test_content_must_have_the_announced_size() -> None:
    for size, data, word in [
        (3, b"ab", "less"),
        (1, b"ab", "more"),
        (0, b"ab", "more"),
        (2, None, "no fitting"),
    ]:
        with pytest.raises(ToolError, match=word):
            part([(Entry("a", Kind.FILE, 0o644, size=size), data)])
    with pytest.raises(ToolError, match="twice"):
        part([(Entry("a", Kind.DIR, 0o755), None)] * 2)


def test_parts_concatenate_and_an_empty_part_is_a_part(tmp_path: Path) -> None:
    path = layer(tmp_path, part(ENTRIES[:1]), part([]), part(ENTRIES[1:]))
    with tarfile.open(path) as archive:
        assert archive.getnames() == [entry.path for entry, _ in ENTRIES]
    plain = gzip.decompress(path.read_bytes())
    assert plain.endswith(tar.END_OF_ARCHIVE)
    assert len(plain) % 512 == 0
    subprocess.run(["gzip", "-t", path], check=True)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 3 << 20])
def test_a_deflate_stream_is_copied(tmp_path: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)
    deflate = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    raw = deflate.compress(data) + deflate.flush()
    out = io.BytesIO()
    with PartWriter(out) as writer:
        writer.add(*ENTRIES[0])
        writer.add_deflated(
            Entry("usr/raw", Kind.FILE, 0o755, size=size), [raw[:9], raw[9:]], zlib.crc32(data)
        )
        writer.add_deflated(Entry("usr/last", Kind.FILE, 0o644, size=size), [raw], zlib.crc32(data))
        with pytest.raises(ToolError, match="twice"):
            writer.add_deflated(Entry("usr/last", Kind.FILE, 0o644), [], 0)
        with pytest.raises(ToolError, match="no content"):
            writer.add_deflated(Entry("usr/folder", Kind.DIR, 0o755), [], 0)
    assert raw in out.getvalue()
    path = layer(tmp_path, out.getvalue(), part(ENTRIES[1:2]))
    subprocess.run(["gzip", "-t", path], check=True)
    with tarfile.open(path) as archive:
        assert archive.getnames() == ["usr", "usr/raw", "usr/last", "usr/bin"]
        assert cast(BinaryIO, archive.extractfile("usr/raw")).read() == data
        assert archive.getmember("usr/raw").mode == 0o755
        assert cast(BinaryIO, archive.extractfile("usr/last")).read() == data
    listed = subprocess.run(["tar", "-tzf", path], capture_output=True, text=True, check=True)
    assert listed.stdout == "usr/\nusr/raw\nusr/last\nusr/bin/\n"


def test_a_file_that_is_no_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"0\.part: not a layer part"):
        layer(tmp_path, b"plain tar")


def test_bytes_are_the_known_ones() -> None:
    """Fails when tar or gzip bytes change, by us or by another zlib: each image has a new digest then."""
    digest = hashlib.sha256(part(ENTRIES)).hexdigest()
    assert digest == "6b634a4e9743e4951743e675a72f4a812fcff568f9e8cbb8acda138d1db15b09"


def test_memory_is_bounded() -> None:
    class Zeros(io.RawIOBase):
        left = 200 << 20

        def read(self, size: int = -1) -> bytes:
            size = min(size, self.left)
            self.left -= size
            return bytes(size)

    tracemalloc.start()
    with PartWriter(io.BytesIO()) as writer:
        writer.add(Entry("zeros", Kind.FILE, 0o644, size=Zeros.left), cast(BinaryIO, Zeros()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
