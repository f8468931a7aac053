"""Reads an eStargz layer and compares all that its table of contents says with what is there.

The specification and its sections are named in tools/layer/estargz.py, which writes such layers. This reader
takes what the specification allows, chunks and innerOffset included, and an offset that is left out for 0, as
the snapshotter's own writer does it.
"""

import datetime
import hashlib
import json
import posixpath
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tools.common.errors import ToolError, raise_all
from tools.layer.estargz import FOOTER_SIZE, TOC_NAME, footer

_CHUNK = 1 << 18
_GZIP = b"\x1f\x8b"
_TYPES = {
    tarfile.REGTYPE: "reg",
    tarfile.AREGTYPE: "reg",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
}
_TEXTS = ("name", "type", "linkName", "modtime", "digest", "chunkDigest")
_NUMBERS = ("size", "mode", "uid", "gid", "offset", "innerOffset", "chunkOffset", "chunkSize")
_FIELDS: dict[str, type[str] | type[int]] = {**dict.fromkeys(_TEXTS, str), **dict.fromkeys(_NUMBERS, int)}
_LANDMARKS = {".prefetch.landmark", ".no.prefetch.landmark"}

TocEntry = dict[str, Any]


@dataclass(frozen=True)
class Toc:
    """A table of contents: its entries as they stand, its digest, and where its gzip member begins."""

    entries: Sequence[TocEntry]
    digest: str
    offset: int


def read_toc(layer: Path) -> Toc:
    """Reads the TOC of a layer as a lazy reader does, from the end.

    Raises:
        ToolError: the footer or the TOC is not what the sections "Footer" and "TOC and TOCEntries" want.
    """
    size = layer.stat().st_size
    with layer.open("rb") as stream:
        stream.seek(max(0, size - FOOTER_SIZE))
        offset = _toc_offset(stream.read(), layer)
        if offset + FOOTER_SIZE >= size:
            raise ToolError(
                f"the footer says that the TOC is at {offset}, the layer has {size} bytes", file=layer
            )
        stream.seek(offset)
        text = _toc_text(stream.read(size - FOOTER_SIZE - offset), layer)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ToolError(f"the TOC is not JSON: {error}", file=layer) from None
    if not isinstance(document, dict) or document.get("version") != 1:
        raise ToolError("the TOC is not an object of version 1", file=layer)
    return Toc(_entries(document.get("entries"), layer), f"sha256:{hashlib.sha256(text).hexdigest()}", offset)


def verify(layer: Path, toc_digest: str | None = None) -> Toc:
    """Reads the TOC, all that it refers to and the whole tar, and compares them.

    Args:
        layer: an eStargz layer.
        toc_digest: what the annotation of the layer's descriptor says; None when there is none.

    Raises:
        ToolError: everything that differs.
    """
    toc = read_toc(layer)
    problems = []
    if toc_digest not in (None, toc.digest):
        problems.append(f"the TOC has the digest {toc.digest}, not {toc_digest}")
    problems += _tar_problems(layer, toc)
    problems += _tree_problems(toc)
    with layer.open("rb") as stream:
        for file in _files(toc.entries):
            problems += _content_problems(stream, file)
    raise_all([ToolError(problem, file=layer) for problem in problems])
    return toc


def _entries(entries: object, layer: Path) -> list[TocEntry]:
    """The entries, after a look at their fields."""
    if not isinstance(entries, list):
        raise ToolError("the TOC has no array of entries", file=layer)
    for entry in entries:
        if not isinstance(entry, dict) or not {"name", "type"} <= entry.keys():
            raise ToolError(f"the TOC has the entry {entry!r}, without name and type", file=layer)
        for field, kind in _FIELDS.items():
            if type(entry.get(field, kind())) is not kind:
                raise ToolError(f"{entry['name']}: the TOC has {field} {entry[field]!r}", file=layer)
    return entries


def _toc_offset(end: bytes, layer: Path) -> int:
    try:
        offset = int(end[16:32], 16)
    except ValueError:
        offset = -1
    if offset < 0 or end != footer(offset):
        stargz = end[4:].startswith(_GZIP) and end[32:38] == b"STARGZ"
        problem = f"it does not end with a footer of {FOOTER_SIZE} bytes"
        raise ToolError(f"is {'stargz, not' if stargz else 'not'} eStargz: {problem}", file=layer)
    return offset


def _toc_text(member: bytes, layer: Path) -> bytes:
    """The JSON in the gzip member, which has nothing else but the end of the archive."""
    inflate = zlib.decompressobj(wbits=31)
    try:
        data = inflate.decompress(member)
        if not inflate.eof or inflate.unused_data:
            raise ToolError("the TOC is not one gzip member up to the footer", file=layer)
        info = tarfile.TarInfo.frombuf(data[: tarfile.BLOCKSIZE], "utf-8", "strict")
    except (zlib.error, tarfile.HeaderError) as error:
        raise ToolError(f"the TOC cannot be read: {error}", file=layer) from None
    if info.name != TOC_NAME or not info.isreg():
        raise ToolError(f"the last entry is {info.name!r}, not {TOC_NAME!r}", file=layer)
    rest = data[tarfile.BLOCKSIZE + info.size :]
    if len(rest) < 2 * tarfile.BLOCKSIZE or rest.strip(b"\0"):
        raise ToolError("the TOC is not the last entry of the archive", file=layer)
    return data[tarfile.BLOCKSIZE : tarfile.BLOCKSIZE + info.size]


def _tar_problems(layer: Path, toc: Toc) -> list[str]:
    """What tar says of the entries, and what the TOC does."""
    with tarfile.open(layer, "r:gz") as archive:
        members = archive.getmembers()
    if members.pop().name != TOC_NAME:
        return [f"the last entry of the tar is not {TOC_NAME!r}"]
    listed = [entry for entry in toc.entries if entry["type"] != "chunk"]
    problems = []
    if len(listed) != len(members):
        problems.append(f"the TOC has {len(listed)} entries and the tar {len(members)}")
    for member, entry in zip(members, listed, strict=False):
        is_file = _TYPES.get(member.type) == "reg"
        expected = {
            "name": member.name + ("/" if member.isdir() else ""),
            "type": _TYPES.get(member.type, "?"),
            "mode": member.mode,
            "uid": member.uid,
            "gid": member.gid,
            "size": member.size if is_file else 0,
            "linkName": member.linkname,
            "modtime": _rfc3339(int(member.mtime)),
        }
        has = {key: entry.get(key, type(value)()) for key, value in expected.items()}
        problems += [
            f"{member.name}: the TOC has {key} {has[key]!r}, the tar {value!r}"
            for key, value in expected.items()
            if has[key] != value
        ]
    return problems


def _rfc3339(moment: int) -> str:
    """A time as the TOC has it, in UTC; empty for 0."""
    if not moment:
        return ""
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).isoformat().replace("+00:00", "Z")


def _tree_problems(toc: Toc) -> list[str]:
    """Folders without an entry, hard links to nothing, and landmarks."""
    listed = [entry for entry in toc.entries if entry["type"] != "chunk"]
    paths = {entry["name"].rstrip("/"): entry["type"] for entry in listed}
    problems = []
    for path in paths:
        parent = posixpath.dirname(path)
        if parent and paths.get(parent) != "dir":
            problems.append(f"{path}: its folder {parent} has no entry, so a snapshotter makes one up")
    for entry in listed:
        target = entry.get("linkName", "")
        if entry["type"] == "hardlink" and paths.get(target) not in ("reg", "hardlink"):
            problems.append(f"{entry['name']}: is a hard link to {target}, which is no file of the layer")
    if len(_LANDMARKS & paths.keys()) != 1:
        problems.append(f"there must be one of {' and '.join(sorted(_LANDMARKS))}")
    return problems


def _files(entries: Sequence[TocEntry]) -> Iterator[list[TocEntry]]:
    """The chunks of each file that is not empty; the first is of type reg."""
    file: list[TocEntry] = []
    for entry in entries:
        if entry["type"] == "chunk":
            file.append(entry)
            continue
        if file:
            yield file
        file = [entry] if entry["type"] == "reg" and entry.get("size") else []
    if file:
        yield file


def _content_problems(stream: BinaryIO, file: Sequence[TocEntry]) -> list[str]:
    """Each chunk inflates from where the TOC says to what its digest says, and together they are the file."""
    name, size = file[0]["name"], file[0]["size"]
    whole = hashlib.sha256()
    position, problems = 0, []
    for chunk in file:
        length = chunk.get("chunkSize") or size - position
        if chunk.get("chunkOffset", 0) != position or not 0 < length <= size - position:
            return [f"{name}: the chunk at {position} has a chunkOffset or chunkSize that does not fit"]
        digest = hashlib.sha256()
        try:
            for data in _inflated(stream, chunk.get("offset", 0), chunk.get("innerOffset", 0), length):
                digest.update(data)
                whole.update(data)
        except (EOFError, zlib.error) as error:
            return [f"{name}: nothing can be read where the TOC says that its content is: {error}"]
        if chunk.get("chunkDigest") != f"sha256:{digest.hexdigest()}":
            problems.append(f"{name}: the chunk at {position} does not have its chunkDigest")
        position += length
    if position != size:
        problems.append(f"{name}: the chunks end at {position}, the file has {size} bytes")
    if file[0].get("digest", whole_digest := f"sha256:{whole.hexdigest()}") != whole_digest:
        problems.append(f"{name}: the content does not have its digest")
    return problems


def _inflated(stream: BinaryIO, offset: int, inner: int, size: int) -> Iterator[bytes]:
    """`size` bytes, `inner` bytes into the one gzip member at `offset`."""
    stream.seek(offset)
    member = zlib.decompressobj(wbits=31)
    end = inner + size
    while end and not member.eof:
        raw = member.unconsumed_tail or stream.read(_CHUNK)
        if not raw:
            break
        data = member.decompress(raw, min(_CHUNK, end))
        yield data[min(inner, len(data)) :]
        end -= len(data)
        inner -= min(inner, len(data))
    if end:
        raise EOFError(f"the gzip member at {offset} ends too early")
