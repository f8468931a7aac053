"""Writes a layer of a virtual environment, of parts that are copied as they are."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from tools.common.errors import ToolError
from tools.image_run.streams import open_tar
from tools.layer.annotations import LayerAnnotations
from tools.layer.estargz import write_estargz
from tools.layer.formats import Format
from tools.layer.index import Indexed, index
from tools.layer.part import EntryWriter, PartWriter, write_layer
from tools.layer.tar import Entry, Kind
from tools.venv_layer.merge import Part, Plan
from tools.venv_part.facts import Facts, File

# A part, and its index where the layer's format has a table of contents.
_Listed = tuple[Path, list[Indexed]]


def write(planned: Plan, layer: Path, scratch: Path, layers: Format) -> LayerAnnotations | None:
    """Writes the layer.

    Args:
        planned: what is in it.
        layer: the file to write.
        scratch: an empty folder.
        layers: the layer's format.

    Returns:
        What the layer's descriptor must say, for a format with a table of contents.
    """
    folders = [(Entry(folder, Kind.DIR, 0o755), b"") for folder in planned.folders]
    last = [(Entry(path, Kind.FILE, 0o644, size=len(data)), data) for path, data in planned.last]
    parts = [
        _small(scratch / "head", folders, layers),
        *(
            listed
            for number, part in enumerate(planned.parts)
            for listed in _of(part, scratch / str(number), layers)
        ),
        _small(scratch / "tail", last, layers),
    ]
    with layer.open("wb") as out:
        if layers.has_toc:
            return write_estargz(parts, out).annotations()
        write_layer([path for path, _ in parts], out, layers.codec)
    return None


def _small(path: Path, entries: Sequence[tuple[Entry, bytes]], layers: Format) -> _Listed:
    """A part of folders and small files."""
    with path.open("wb") as out, layers.writer(out) as writer:
        for entry, data in entries:
            writer.add(entry, data)
    return path, _index(
        writer, {entry.path: hashlib.sha256(data).hexdigest() for entry, data in entries}, layers
    )


def _of(part: Part, scratch: Path, layers: Format) -> Iterator[_Listed]:
    """A wheel's files and byte code, without what a later part has too."""
    files = {part.path: (part.facts.files, part.facts.links)}
    if part.byte_code:
        files[part.byte_code] = (part.facts.compiled, {})
    for path, (described, links) in files.items():
        if part.again & {*described, *links}:
            yield _without(path, part.again, scratch.with_suffix(f".{len(links)}.{path.name}"), layers)
        else:
            yield path, _described(part.facts, described, links) if layers.has_toc else []


def _described(facts: Facts, files: Mapping[str, File], links: Mapping[str, str]) -> list[Indexed]:
    """The index of a part, by what its facts say."""
    entries = {path: Entry(path, Kind.FILE, file.mode, size=file.size) for path, file in files.items()}
    entries |= {path: Entry(path, Kind.SYMLINK, 0o777, link=target) for path, target in links.items()}
    return [
        Indexed(entry, *facts.spans[path], files[path].sha256) if entry.size else Indexed(entry)
        for path, entry in sorted(entries.items())
    ]


def _without(part: Path, again: frozenset[str], output: Path, layers: Format) -> _Listed:
    """A part without some files. It is rare, so what is left is compressed anew."""
    digests: dict[str, str] = {}
    try:
        with open_tar(part) as archive, output.open("wb") as out, layers.writer(out) as writer:
            for member in archive:
                if member.name not in again:
                    _copy(archive, member, writer, digests)
    except tarfile.TarError as error:
        raise ToolError(f"not a whole layer part: {error}", file=part) from error
    return output, _index(writer, digests, layers)


def _copy(
    archive: tarfile.TarFile, member: tarfile.TarInfo, writer: EntryWriter, digests: dict[str, str]
) -> None:
    """Copies an entry, and notes the SHA-256 of a file."""
    if not member.isreg():
        writer.add(Entry(member.name, Kind.SYMLINK, member.mode, link=member.linkname))
        return
    stream = _Hashed(cast(BinaryIO, archive.extractfile(member)))
    writer.add(Entry(member.name, Kind.FILE, member.mode, size=member.size), stream)
    digests[member.name] = stream.sha256.hexdigest()


class _Hashed:
    """A stream that is hashed while it is read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """As a file does it."""
        data = self._stream.read(size)
        self.sha256.update(data)
        return data


def _index(writer: EntryWriter, digests: Mapping[str, str], layers: Format) -> list[Indexed]:
    return index(writer, digests) if layers.has_toc and isinstance(writer, PartWriter) else []
