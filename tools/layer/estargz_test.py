"""eStargz layers: written, read from the end and compared; and read as layers like any other."""

import dataclasses
import gzip
import hashlib
import io
import json
import random
import subprocess
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.layer import estargz
from tools.layer.annotations import read_annotations
from tools.layer.estargz import MEMBER_SIZE, write_estargz
from tools.layer.estargz_check import read_toc, verify
from tools.layer.index import Indexed, index
from tools.layer.part import PartWriter, gzip_member
from tools.layer.tar import Entry, Kind

_RANDOM = random.Random(11)
CONTENTS = {
    "usr/a/empty": b"",
    "usr/a/one": b"1",
    "usr/a/spliced": _RANDOM.randbytes(5000),
    "usr/a/text": b"text " * 3000,
    "usr/a/Főtanúsítvány.crt": _RANDOM.randbytes(700),
    "usr/a/" + "d" * 150 + "/" + "n" * 150: b"a long name",
}
Part = tuple[bytes, list[Indexed]]


def part(*entries: Entry, member_size: int | None = MEMBER_SIZE) -> Part:
    out = io.BytesIO()
    with PartWriter(out, member_size=member_size) as writer:
        for entry in entries:
            data = CONTENTS.get(entry.path, b"")
            if entry.path == "usr/a/spliced":
                deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
                writer.add_deflated(entry, [deflate.compress(data), deflate.flush()], zlib.crc32(data))
            else:
                writer.add(entry, data)
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in CONTENTS.items()}
    return out.getvalue(), index(writer, digests)


def two_parts(member_size: int | None = MEMBER_SIZE) -> list[Part]:
    files = [Entry(path, Kind.FILE, 0o644, size=len(data)) for path, data in CONTENTS.items()]
    head = [Entry("usr", Kind.DIR, 0o755), Entry("usr/a", Kind.DIR, 0o1777, uid=7, gid=8, mtime=99)]
    tail = [
        Entry("usr/a/" + "d" * 150, Kind.DIR, 0o700),
        files[-1],
        Entry("usr/hard", Kind.HARDLINK, 0o644, link=files[-1].path),
        Entry("usr/soft", Kind.SYMLINK, 0o777, link="a/" + "x" * 200),
    ]
    return [
        part(*head, *files[:-1], member_size=member_size),
        (b"", []),
        part(*tail, member_size=member_size),
    ]


def layer(tmp_path: Path, parts: list[Part]) -> tuple[Path, estargz.Written]:
    paths = []
    for number, (data, entries) in enumerate(parts):
        paths.append((tmp_path / f"{number}.part", entries))
        paths[-1][0].write_bytes(data)
    result = tmp_path / "layer.tar.gz"
    with result.open("wb") as out:
        written = write_estargz(paths, out)
    return result, written


@pytest.mark.parametrize("member_size", [0, 2048, 16384, None])
def test_what_is_written_is_verified(tmp_path: Path, member_size: int | None) -> None:
    path, written = layer(tmp_path, two_parts(member_size))
    toc = verify(path, written.toc_digest)
    assert toc.digest == written.toc_digest
    assert [entry["name"] for entry in toc.entries][:4] == [
        ".no.prefetch.landmark",
        "usr/",
        "usr/a/",
        "usr/a/empty",
    ]
    assert all("innerOffset" not in entry for entry in toc.entries) == (member_size == 0)
    data = path.read_bytes()
    (tmp_path / "annotations.json").write_text(written.annotations().to_json())
    annotations = read_annotations(tmp_path / "annotations.json")
    assert annotations.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert annotations.annotations == {
        "containerd.io/snapshot/stargz/toc.digest": toc.digest,
        "io.containers.estargz.uncompressed-size": str(len(gzip.decompress(data))),
    }


def test_entries_have_the_fields_of_the_specification(tmp_path: Path) -> None:
    path, _ = layer(tmp_path, two_parts())
    entries = {entry["name"]: entry for entry in read_toc(path).entries}
    assert entries["usr/a/"] == {
        "name": "usr/a/",
        "type": "dir",
        "mode": 0o1777,
        "uid": 7,
        "gid": 8,
        "modtime": "1970-01-01T00:01:39Z",
    }
    assert entries["usr/a/empty"] == {"name": "usr/a/empty", "type": "reg", "mode": 0o644, "uid": 0, "gid": 0}
    one = hashlib.sha256(b"1").hexdigest()
    assert entries["usr/a/one"] == entries["usr/a/empty"] | {
        "name": "usr/a/one",
        "size": 1,
        "offset": entries["usr/a/one"]["offset"],
        "digest": f"sha256:{one}",
        "chunkDigest": f"sha256:{one}",
    }
    assert entries["usr/hard"]["linkName"] == "usr/a/" + "d" * 150 + "/" + "n" * 150
    assert entries["usr/soft"]["type"] == "symlink"


def test_it_is_a_layer_like_any_other(tmp_path: Path) -> None:
    path, _ = layer(tmp_path, two_parts())
    subprocess.run(["gzip", "-t", path], check=True)
    listed = subprocess.run(
        ["tar", "--quoting-style=literal", "-tzf", path], capture_output=True, text=True, check=True
    )
    with tarfile.open(path) as archive:
        names = [member.name + ("/" if member.isdir() else "") for member in archive]
    assert listed.stdout.splitlines() == names
    assert names[-1] == "stargz.index.json"
    data = path.read_bytes()
    assert data[-51:-35] == b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0"
    assert data[-35:] == b"%016xSTARGZ\x01\0\0\xff\xff" % read_toc(path).offset + bytes(8)


def test_what_cannot_be_joined(tmp_path: Path) -> None:
    data, entries = two_parts()[0]
    with PartWriter(io.BytesIO()) as writer:
        writer.add(Entry("f", Kind.FILE, 0o644, size=1), b"1")
    with pytest.raises(ToolError, match="no digest is known of 'f'"):
        index(writer, {})
    for wrong in ({"offset": 1 << 40}, {"sha256": ""}):
        broken = [dataclasses.replace(each, **wrong) for each in entries]
        with pytest.raises(ToolError, match=r"0\.part: the index has no digest and place of 'usr/a/one'"):
            layer(tmp_path, [(data, broken)])
    link = Indexed(Entry("link", Kind.HARDLINK, 0o644, link="usr/gone"))
    with pytest.raises(ToolError, match="'link' is a hard link to 'usr/gone', which does not come before it"):
        layer(tmp_path, [(data, [*entries, link])])
    for name in ("stargz.index.json", ".no.prefetch.landmark"):
        with pytest.raises(ToolError, match="a name that eStargz keeps"):
            layer(tmp_path, [(data, [Indexed(Entry(name, Kind.FILE, 0o644))])])


def retold(path: Path, change: Callable[[list[dict[str, object]]], object]) -> Path:
    """The layer with another TOC, which only a look at what it tells of finds out."""
    toc = read_toc(path)
    entries = [dict(entry) for entry in toc.entries]
    change(entries)
    text = json.dumps({"version": 1, "entries": entries}).encode()
    info = tarfile.TarInfo("stargz.index.json")
    info.size = len(text)
    tail = info.tobuf(tarfile.USTAR_FORMAT) + text + bytes(-len(text) % 512) + bytes(1024)
    path.write_bytes(path.read_bytes()[: toc.offset] + gzip_member(tail) + estargz.footer(toc.offset))
    return path


def entry(entries: list[dict[str, object]], name: str) -> dict[str, object]:
    return next(each for each in entries if each["name"] == name)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda toc: toc.pop(), "the TOC has 11 entries and the tar 12"),
        (lambda toc: toc.pop(1), "usr/a: its folder usr has no entry"),
        (lambda toc: toc.pop(0), "there must be one of .no"),
        (lambda toc: entry(toc, "usr/").update(mode=0), "usr: the TOC has mode 0, the tar 493"),
        (lambda toc: entry(toc, "usr/").update(uid=5), "usr: the TOC has uid 5, the tar 0"),
        (lambda toc: entry(toc, "usr/").update(mode="1"), "usr/: the TOC has mode '1'"),
        (lambda toc: entry(toc, "usr/").pop("type"), "without name and type"),
        (
            lambda toc: entry(toc, "usr/a/").update(modtime="1970-01-01T00:01:38Z"),
            "usr/a: the TOC has modtime",
        ),
        (lambda toc: entry(toc, "usr/a/one").update(size=2), "one: the TOC has size 2, the tar 1"),
        (lambda toc: entry(toc, "usr/a/one").update(offset=1), "nothing can be read where the TOC says"),
        (lambda toc: entry(toc, "usr/a/one").pop("offset"), "at 0 does not have its chunkDigest"),
        (
            lambda toc: entry(toc, "usr/a/text").update(innerOffset=1),
            "chunk at 0 does not have its chunkDigest",
        ),
        (lambda toc: entry(toc, "usr/a/one").update(chunkDigest="x"), "at 0 does not have its chunkDigest"),
        (lambda toc: entry(toc, "usr/a/one").update(digest="x"), "the content does not have its digest"),
        (lambda toc: entry(toc, "usr/a/text").update(chunkSize=9), "the chunks end at 9, the file has 15000"),
        (
            lambda toc: entry(toc, "usr/a/one").update(chunkSize=2),
            "chunkOffset or chunkSize that does not fit",
        ),
        (lambda toc: entry(toc, "usr/hard").update(linkName="usr"), "hard link to usr, which is no file"),
    ],
)
def test_a_wrong_table_of_contents_is_found(
    tmp_path: Path, change: Callable[[list[dict[str, object]]], object], problem: str
) -> None:
    path, _ = layer(tmp_path, two_parts())
    with pytest.raises(ToolError) as caught:
        verify(retold(path, change))
    assert problem in str(caught.value)


def test_another_table_of_contents_is_found(tmp_path: Path) -> None:
    path, written = layer(tmp_path, two_parts())
    with pytest.raises(ToolError, match=f"not {written.toc_digest}"):
        verify(retold(path, list), written.toc_digest)
    verify(path)


def test_chunks_are_read(tmp_path: Path) -> None:
    def cut(toc: list[dict[str, object]]) -> None:
        whole, data = entry(toc, "usr/a/text"), CONTENTS["usr/a/text"]
        digests = [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in (data[:9000], data[9000:])]
        whole |= {"chunkSize": 9000, "chunkDigest": digests[0]}
        second = {"name": "usr/a/text", "type": "chunk", "offset": whole["offset"], "chunkOffset": 9000}
        toc.insert(
            toc.index(whole) + 1, second | {"chunkSize": 0, "innerOffset": 9000, "chunkDigest": digests[1]}
        )

    path, _ = layer(tmp_path, two_parts())
    assert len(verify(retold(path, cut)).entries) == 13


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda data: data[:-51], "is not eStargz"),
        (lambda data: data[:30], "is not eStargz"),
        (lambda data: data[:-1] + b"x", "is not eStargz"),
        (lambda data: data[:-51] + estargz.footer(len(data)), "the layer has"),
        (lambda data: data[:-51] + estargz.footer(0), "not one gzip member up to the footer"),
        (lambda data: data[:-51] + estargz.footer(3), "the TOC cannot be read"),
        (
            lambda data: data[:-51] + data[-51:-48] + b"\x04" + data[-47:-41] + b"\x16\0" + data[-35:],
            "is stargz, not eStargz",
        ),
    ],
)
def test_a_wrong_end_is_found(tmp_path: Path, change: Callable[[bytes], bytes], problem: str) -> None:
    path, _ = layer(tmp_path, two_parts())
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ToolError, match=problem):
        verify(path)
