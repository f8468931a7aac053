"""Joins parts to an eStargz layer, which snapshotters can mount before it was pulled.

The specification is `docs/estargz.md` of github.com/containerd/stargz-snapshotter; sections are named below.
An eStargz layer is a .tar.gz as any other, whose last entry is a table of contents (TOC): each path with
what tar says of it, and the offset and digest of the content. A footer of fixed size leads to the TOC. The
digest of the TOC belongs into an annotation of the layer's descriptor; without it a snapshotter pulls the
whole layer.

What the specification leaves open:

* Parts should be written with `member_size=MEMBER_SIZE`: a gzip member for each content. Contents that share
  a member (section "Details about innerOffset") are valid and are taken as well, and save 3 % of a layer of
  Python packages. But snapshotters before 0.13 and the library of podman don't know innerOffset, and
  `VerifyTOC` of the snapshotter's own Go package refuses two contents at one offset.
* A file is one chunk, however large (section "The structure": it MAY be several). A wheel's deflate stream
  cannot be cut without compressing it anew. Who reads a byte of a file thus fetches the file, and no others.
* No files are prefetched, which the landmark `.no.prefetch.landmark` says (section "Prioritized Files and
  Landmark Files"); it is the first entry. Engines that pull whole layers unpack it and the TOC into the
  image's root.
* The footer is eStargz's of 51 bytes, not that of 47 bytes which stargz had before (section "Notes on
  compatibility with stargz").
"""

import datetime
import hashlib
import io
import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from tools.common.errors import ToolError
from tools.layer import tar
from tools.layer.annotations import LayerAnnotations
from tools.layer.index import Indexed, index
from tools.layer.part import Counted, PartWriter, copy_part, gzip_member
from tools.layer.tar import Entry, Kind

# For PartWriter: each content is at the top of a gzip member, as the section "The structure" wants it.
MEMBER_SIZE = 0

TOC_NAME = "stargz.index.json"
TOC_ANNOTATION = "containerd.io/snapshot/stargz/toc.digest"
SIZE_ANNOTATION = "io.containers.estargz.uncompressed-size"
LANDMARK = ".no.prefetch.landmark"
FOOTER_SIZE = 51

_LANDMARK_CONTENT = b"\x0f"
_TYPES = {Kind.FILE: "reg", Kind.DIR: "dir", Kind.SYMLINK: "symlink", Kind.HARDLINK: "hardlink"}


@dataclass(frozen=True)
class Written:
    """A layer that was written: its digest as it is stored, that of its TOC, and the size of its tar."""

    digest: str
    toc_digest: str
    size: int

    def annotations(self) -> LayerAnnotations:
        """What the layer's descriptor must have for a lazy pull (section "Content Verification in eStargz").

        The size is not in the specification; the snapshotter's own converter adds it for podman's store.
        """
        annotations = {TOC_ANNOTATION: self.toc_digest, SIZE_ANNOTATION: str(self.size)}
        return LayerAnnotations(self.digest, annotations)


class _Hashed(Counted):
    """Hashes what it passes on."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__(out)
        self.digest = hashlib.sha256()

    def write(self, data: bytes, /) -> int:
        self.digest.update(data)
        return super().write(data)


def write_estargz(parts: Iterable[tuple[Path, Sequence[Indexed]]], out: BinaryIO) -> Written:
    """Copies the parts behind a landmark and ends the archive with the TOC and the footer.

    Args:
        parts: each part with its index.
        out: what is written to; need not be seekable.
    """
    hashed = _Hashed(out)
    listed = _landmark(hashed)
    for part, entries in parts:
        begin = hashed.written
        copy_part(part, hashed)
        listed += [_moved(each, begin, hashed.written, part) for each in entries]
    _check_links(listed)
    text = toc_json(listed)
    head = tar.header(Entry(TOC_NAME, Kind.FILE, 0o644, size=len(text)))
    tail = head + text + tar.padding(len(text)) + tar.END_OF_ARCHIVE
    begin = hashed.written
    hashed.write(gzip_member(tail))
    hashed.write(footer(begin))
    size = sum(_tar_size(each.entry) for each in listed) + len(tail)
    return Written(f"sha256:{hashed.digest.hexdigest()}", f"sha256:{hashlib.sha256(text).hexdigest()}", size)


def toc_json(entries: Iterable[Indexed]) -> bytes:
    """The TOC (section "TOC and TOCEntries").

    Nothing follows the last brace: Go's reader hashes what its JSON decoder took, which is no newline.
    """
    document = {"version": 1, "entries": [_toc_entry(each) for each in entries]}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def footer(offset: int) -> bytes:
    """The empty gzip member that leads to the TOC at `offset` (section "Footer")."""
    subfield = b"%016xSTARGZ" % offset
    extra = b"SG" + struct.pack("<H", len(subfield)) + subfield
    header = b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff" + struct.pack("<H", len(extra))
    return header + extra + b"\x01\x00\x00\xff\xff" + bytes(8)


def _toc_entry(each: Indexed) -> dict[str, Any]:
    """A TOCEntry. Fields that the section calls REQUIRED are there, others where they mean something."""
    entry = each.entry
    found: dict[str, Any] = {
        "name": entry.path + ("/" if entry.kind is Kind.DIR else ""),
        "type": _TYPES[entry.kind],
        "mode": entry.mode,
        "uid": entry.uid,
        "gid": entry.gid,
    }
    if entry.mtime:
        moment = datetime.datetime.fromtimestamp(entry.mtime, datetime.UTC)
        found["modtime"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    if entry.link:
        found["linkName"] = entry.link
    if entry.size:
        digest = f"sha256:{each.sha256}"
        found |= {"size": entry.size, "offset": each.offset, "digest": digest, "chunkDigest": digest}
    if each.inner:
        found["innerOffset"] = each.inner
    return found


def _landmark(out: Counted) -> list[Indexed]:
    part = io.BytesIO()
    with PartWriter(part, member_size=MEMBER_SIZE) as writer:
        writer.add(
            Entry(LANDMARK, Kind.FILE, 0o644, size=len(_LANDMARK_CONTENT)),
            _LANDMARK_CONTENT,
        )
    out.write(part.getvalue())
    return index(writer, {LANDMARK: hashlib.sha256(_LANDMARK_CONTENT).hexdigest()})


def _moved(each: Indexed, begin: int, end: int, part: Path) -> Indexed:
    """An entry of a part that was copied to `begin`."""
    if each.entry.path in (LANDMARK, TOC_NAME):
        raise ToolError(f"{each.entry.path!r} is a name that eStargz keeps for itself", file=part)
    if not each.entry.size:
        return each
    if len(each.sha256) != hashlib.sha256().digest_size * 2 or begin + each.offset >= end:
        raise ToolError(f"the index has no digest and place of {each.entry.path!r}", file=part)
    return replace(each, offset=begin + each.offset)


def _check_links(entries: Iterable[Indexed]) -> None:
    """A reader looks a hard link's target up in the TOC, and only there."""
    paths: set[str] = set()
    for each in entries:
        if each.entry.kind is Kind.HARDLINK and each.entry.link not in paths:
            raise ToolError(
                f"{each.entry.path!r} is a hard link to {each.entry.link!r}, "
                "which does not come before it in the layer"
            )
        paths.add(each.entry.path)


def _tar_size(entry: Entry) -> int:
    return len(tar.header(entry)) + entry.size + len(tar.padding(entry.size))
