"""What must hold whatever a tool is given: it does its work, or there is one ToolError; in bounded memory."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from hypothesis import strategies as st

from tests.fuzz import elf_files
from tests.fuzz.bounds import bounded
from tests.fuzz.damage import spoilt, wheels
from tests.fuzz.seeds import LARGE
from tools.common.errors import ToolError
from tools.deb_part import ar
from tools.layer.part import PartWriter, write_layer
from tools.layer.tar import Entry, Kind
from tools.venv_check.check import Policy, problems
from tools.venv_check.tags import Target
from tools.venv_layer.__main__ import main as venv_layer
from tools.venv_part.facts import Facts, File, read_facts
from tools.venv_part.libraries import Looker
from tools.venv_part.part import write_part
from tools.venv_part.place import Venv

_VENV = Venv("/opt/app", "3.11")
_SITE = "opt/app/lib/python3.11/site-packages"
_POLICY = Policy("3.11.2", Target("3.11", "amd64", "2.36"))
_MOST = 24 << 20  # bytes that are in use at a time, over those of the seeds, which are small


def wheel(blob: bytes) -> None:
    """A wheel becomes a part with what zipfile reads in it, and that a layer; or an error names it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, part, facts = folder / "tiny-1.0-py3-none-any.whl", folder / "part", folder / "facts"
        path.write_bytes(blob)
        libraries = Looker()
        try:
            with bounded(_MOST), part.open("wb") as out:
                found = write_part(path, _VENV, out, libraries)
        except ToolError as error:
            text = str(error)
            assert text.startswith(f"error: {path}: "), text
            return
        libraries.libraries(path.name).dumps()
        assert not problems([found], _POLICY) or b"Requires-Python" in blob
        facts.write_text(found.dumps(), encoding="utf-8")
        assert read_facts(facts) == found
        layer = folder / "layer"
        venv_layer(["--layer", str(layer), "--requested", str(facts), str(part)])
        content = _content(layer)
        for where, file in found.files.items():
            if not where.endswith(f"{found.dist_info}/REQUESTED"):
                assert hashlib.sha256(content[where]).hexdigest() == file.sha256
                assert len(content[where]) == file.size
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                if f"{_SITE}/{member}" in content and not member.endswith(
                    ("RECORD", "INSTALLER", "REQUESTED")
                ):
                    assert archive.read(member) == content[f"{_SITE}/{member}"]


def _content(layer: Path) -> dict[str, bytes]:
    """The files of a layer, each of which may be there once."""
    content: dict[str, bytes] = {}
    with tarfile.open(layer) as archive:
        for member in archive:
            assert member.name not in content
            assert not member.name.startswith("/")
            assert ".." not in member.name.split("/")
            if member.isreg():
                content[member.name] = cast(BinaryIO, archive.extractfile(member)).read()
    return content


def _part() -> tuple[bytes, Facts]:
    """A part, of which a layer leaves out a file."""
    out = io.BytesIO()
    contents = {"opt/app/a": b"a", "opt/app/large": LARGE, "opt/app/z": b"z"}
    with PartWriter(out) as writer:
        for path, data in contents.items():
            writer.add(Entry(path, Kind.FILE, 0o644, size=len(data)), data)
        writer.add(Entry("opt/app/link", Kind.SYMLINK, 0o777, link="z"))
    return out.getvalue(), Facts("a", files={path: File.of(0o644, data) for path, data in contents.items()})


PART, FACTS = _part()


def part(blob: bytes) -> None:
    """A damaged part of which files are left out becomes a part or is an error that names it."""
    if blob[:2] != PART[:2]:
        return  # venv_layer copies parts as they are but for this
    _layer(blob, FACTS.dumps().encode(), "first.part")


def facts(blob: bytes) -> None:
    """Damaged facts are an error that names them."""
    _layer(PART, blob, "first.facts")


def _layer(first: bytes, described: bytes, named: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "first.part").write_bytes(first)
        (folder / "first.facts").write_bytes(described)
        (folder / "second.part").write_bytes(b"")
        second = Facts("b", files={"opt/app/z": FACTS.files["opt/app/z"]})
        (folder / "second.facts").write_text(second.dumps(), encoding="utf-8")
        arguments = [
            word
            for each in ("first", "second")
            for word in ("--part", str(folder / f"{each}.facts"), str(folder / f"{each}.part"))
        ]
        try:
            with bounded(_MOST):
                venv_layer(["--layer", str(folder / "layer"), *arguments])
        except ToolError as error:
            text = str(error)
            assert named in text or "cannot be in a layer" in text, text
            assert not (folder / "layer").exists()


def tar(entries: list[Entry]) -> None:
    """Entries are read back as they were written, or one of them is refused."""
    contents = {
        entry.path: hashlib.sha256(entry.path.encode("utf-8", "replace")).digest() for entry in entries
    }
    with tempfile.TemporaryDirectory() as name:
        part_file, layer = Path(name, "part"), Path(name, "layer")
        try:
            with part_file.open("wb") as out, PartWriter(out) as writer:
                for entry in entries:
                    writer.add(entry, contents[entry.path] if entry.kind is Kind.FILE else None)
        except ToolError as error:
            text = str(error)
            assert "in a layer" in text or "hard link" in text, text
            return
        with layer.open("wb") as out:
            write_layer([part_file], out)
        with gzip.open(layer) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for entry in entries:
                got = archive.next()
                assert got is not None
                assert (got.name, got.mode, got.uid, got.gid) == (
                    entry.path,
                    entry.mode,
                    entry.uid,
                    entry.gid,
                )
                assert (got.size, got.mtime, got.linkname) == (entry.size, entry.mtime, entry.link)
                assert (got.isreg(), got.isdir(), got.issym(), got.islnk()) == tuple(
                    entry.kind is kind for kind in (Kind.FILE, Kind.DIR, Kind.SYMLINK, Kind.HARDLINK)
                )
                if got.isreg():
                    assert cast(BinaryIO, archive.extractfile(got)).read() == contents[entry.path]
            assert archive.next() is None


def deb(blob: bytes) -> None:
    """A .deb is read to its end, or there is an error."""
    with bounded(_MOST):
        stream = io.BytesIO(blob)
        try:
            found = ar.members(stream, len(blob))
            for name in ("control.tar", "data.tar"):
                with ar.open_tar(stream, found[name]) as archive:
                    for entry in archive:
                        if entry.isreg():
                            cast(BinaryIO, archive.extractfile(entry)).read()
        except ToolError:
            pass


def _deb() -> bytes:
    members = [("debian-binary", b"2.0\n")]
    for name in ("control.tar", "data.tar"):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:", format=tarfile.GNU_FORMAT) as archive:
            for path in ("./control", "./" + "n" * 120, "./usr/bin/tool"):
                info = tarfile.TarInfo(path)
                info.size = 5
                archive.addfile(info, io.BytesIO(b"text\n"))
        members.append(
            (name, out.getvalue()) if name == "data.tar" else (f"{name}.gz", gzip.compress(out.getvalue()))
        )
    blob = b"!<arch>\n"
    for name, data in members:
        blob += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
            + data
            + b"\n" * (len(data) % 2)
        )
    return blob


DEB = _deb()

_SEGMENT = st.sampled_from(
    ["a", "usr", "é", "n" * 100, "m" * 155, "b c", "..", ".", "", "日本" * 20, "x\0y", "\udc80"]
)
_PATH = st.lists(_SEGMENT | st.text(max_size=5), min_size=1, max_size=4).map("/".join)
_NUMBER = st.sampled_from([0, 1, 1000, 8**7 - 1, 8**7, 8**11 - 1, 8**11, 1 << 60]) | st.integers(-1, 1 << 70)


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    """Entries of a layer, right ones and wrong ones."""
    found: list[Entry] = []
    for path in draw(st.lists(_PATH, max_size=4, unique=True)):
        kind = draw(st.sampled_from(Kind))
        link = ""
        if kind is Kind.SYMLINK or draw(st.integers(0, 9)) == 0:
            link = draw(_PATH)
        elif kind is Kind.HARDLINK:
            link = found[0].path if found else path
        mode = draw(st.sampled_from([0, 0o644, 0o4755, 0o7777]) | st.integers(0, 0o10000))
        numbers = [draw(_NUMBER) if draw(st.booleans()) else 0 for _ in range(3)]
        numbers[2] = min(numbers[2], 1 << 53)  # tarfile reads times of pax headers as floats
        size = 32 if kind is Kind.FILE else 0
        found.append(Entry(path, kind, mode, numbers[0], numbers[1], size, link, numbers[2]))
    return found


@st.composite
def _bytes_of(draw: st.DrawFn, blob: bytes) -> bytes:
    return spoilt(draw(st.data()), blob, [0, len(blob) // 2, len(blob) - 9])


CHECKS: dict[str, tuple[Callable[[Any], None], st.SearchStrategy[Any]]] = {
    "wheel": (wheel, wheels()),
    "part": (part, _bytes_of(PART)),
    "facts": (facts, _bytes_of(FACTS.dumps().encode())),
    "tar": (tar, entries()),
    "deb": (deb, _bytes_of(DEB)),
    "elf": (elf_files.check, elf_files.damaged()),
}
"""Each check with the strategy that gives what is checked."""
