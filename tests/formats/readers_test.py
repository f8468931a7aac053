"""Layers of each format, read by those who will have to."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.formats.entries import entries, expected, found
from tools.image_run.streams import open_tar
from tools.layer import tar
from tools.layer.estargz_check import verify
from tools.layer.tar import Entry, Kind

_FORMATS = ["gzip", "zstd", "estargz"]


def layer(kind: str) -> Path:
    return Path(os.environ[kind.upper()]).resolve()  # zstd reads no links


@pytest.mark.parametrize("kind", _FORMATS)
def test_python_reads_every_entry(kind: str) -> None:
    with tarfile.open(layer(kind)) as archive:
        listed = found(archive)
    assert [each for each in listed if each[0].startswith(kind)] == expected(kind)
    assert [each[0] for each in listed if not each[0].startswith(kind)] == (
        [".no.prefetch.landmark", "stargz.index.json"] if kind == "estargz" else []
    )
    with open_tar(layer(kind)) as archive:
        assert found(archive) == listed


@pytest.mark.parametrize("kind", _FORMATS)
def test_gnu_tar_lists_every_entry(kind: str) -> None:
    done = subprocess.run(
        ["tar", "--numeric-owner", "--quoting-style=literal", "-tvf", layer(kind)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    assert done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if f" {kind}" in line]
    for line, (entry, _) in zip(lines, entries(kind), strict=True):
        name = entry.path + {Kind.DIR: "/", Kind.SYMLINK: f" -> {entry.link}"}.get(entry.kind, "")
        if entry.kind is Kind.HARDLINK:
            name += f" link to {entry.link}"
        assert line.endswith(f" {name}")
        assert line.split()[1:3] == [f"{entry.uid}/{entry.gid}", str(entry.size)]


@pytest.mark.parametrize("kind", _FORMATS)
def test_the_compressor_finds_no_fault(kind: str) -> None:
    program = "zstd" if kind == "zstd" else "gzip"
    subprocess.run([program, "-tq", layer(kind)], check=True, capture_output=True)


def test_the_table_of_contents_is_right() -> None:
    verify(layer("estargz"))


def test_gnu_tar_and_python_take_the_size_of_8_gib_from_pax(tmp_path: Path) -> None:
    """The content is left out: that it is missing, tar says after it has told the size."""
    head = tmp_path / "head.tar"
    head.write_bytes(tar.header(Entry("big", Kind.FILE, 0o644, size=8**11)) + bytes(512))
    done = subprocess.run(["tar", "-tvf", head], capture_output=True, text=True, check=False)
    assert done.stdout.split()[2] == str(8**11)
    with tarfile.open(head) as archive:
        member = archive.next()
    assert member is not None
    assert member.size == 8**11
