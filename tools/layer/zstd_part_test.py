"""Parts and layers with zstd, read back with Python's tarfile, GNU tar and zstd itself."""

import importlib
import io
import subprocess
import sys
import tarfile
import tracemalloc
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tools.common.errors import ToolError
from tools.layer import tar
from tools.layer.part import PartWriter, write_layer
from tools.layer.tar import Entry, Kind
from tools.layer.zstd_part import ZSTD, ZstdPartWriter

ENTRIES = [
    (Entry("usr", Kind.DIR, 0o755), None),
    (Entry("usr/empty", Kind.FILE, 0o600), b""),
    (Entry("usr/file", Kind.FILE, 0o4755, gid=12, size=513), b"x" * 513),
    (Entry("usr/hard", Kind.HARDLINK, 0o4755, link="usr/file"), None),
    (Entry("usr/soft", Kind.SYMLINK, 0o777, link="/etc/../x"), None),
]


def part(entries: list[tuple[Entry, bytes | None]]) -> bytes:
    out = io.BytesIO()
    with ZstdPartWriter(out) as writer:
        for entry, data in entries:
            writer.add(entry, data)
    return out.getvalue()


def layer(tmp_path: Path, *parts: bytes) -> Path:
    paths = [tmp_path / f"{number}.part" for number in range(len(parts))]
    for path, data in zip(paths, parts, strict=True):
        path.write_bytes(data)
    result = tmp_path / "layer.tar.zst"
    with result.open("wb") as out:
        write_layer(paths, out, ZSTD)
    return result


def test_parts_concatenate_and_every_reader_reads_them(tmp_path: Path) -> None:
    path = layer(tmp_path, part(ENTRIES[:1]), part([]), part(ENTRIES[1:]))
    subprocess.run(["zstd", "-tq", path], check=True)
    with tarfile.open(path, "r:zst") as archive:  # type: ignore[call-overload]
        assert [(each.name, each.mode, each.gid, each.linkname) for each in archive] == [
            (entry.path, entry.mode, entry.gid, entry.link) for entry, _ in ENTRIES
        ]
        assert cast(BinaryIO, archive.extractfile("usr/file")).read() == b"x" * 513
    listed = subprocess.run(["tar", "--zstd", "-tf", path], capture_output=True, text=True, check=True)
    assert listed.stdout == "usr/\nusr/empty\nusr/file\nusr/hard\nusr/soft\n"
    plain = subprocess.run(["zstd", "-dcq", path], capture_output=True, check=True).stdout
    assert plain.endswith(tar.END_OF_ARCHIVE)


def test_the_same_entries_give_the_same_bytes_with_a_checksum(tmp_path: Path) -> None:
    data = part(ENTRIES)
    assert data == part(ENTRIES)
    broken = bytearray(data)
    broken[-1] ^= 1  # the last byte of the frame's checksum
    (tmp_path / "broken.zst").write_bytes(broken)
    done = subprocess.run(["zstd", "-tq", tmp_path / "broken.zst"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "checksum" in done.stderr


def test_parts_of_another_compression_are_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with PartWriter(out) as writer:
        writer.add(*ENTRIES[0])
    with pytest.raises(ToolError, match=r"1\.part: not a layer part: no zstd data"):
        layer(tmp_path, part(ENTRIES), out.getvalue())
    (tmp_path / "zstd.part").write_bytes(part(ENTRIES))
    with pytest.raises(ToolError, match=r"zstd\.part: not a layer part: no gzip data"):
        write_layer([tmp_path / "zstd.part"], io.BytesIO())


def test_the_same_mistakes_are_refused_as_with_gzip() -> None:
    with pytest.raises(ToolError, match="twice"):
        part([ENTRIES[0]] * 2)
    with pytest.raises(ToolError, match="does not come before"):
        part([ENTRIES[3]])
    with pytest.raises(ToolError, match="less content"):
        part([(Entry("a", Kind.FILE, 0o644, size=3), b"ab")])


def test_a_python_without_zstd_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(ToolError, match=r"(?s)cannot write zstd, which came with 3\.14.*leave compression"):
        part(ENTRIES)


def test_memory_is_bounded() -> None:
    class Zeros(io.RawIOBase):
        left = 200 << 20

        def read(self, size: int = -1) -> bytes:
            size = min(size, self.left)
            self.left -= size
            return bytes(size)

    importlib.import_module("compression.zstd")
    tracemalloc.start()
    with ZstdPartWriter(io.BytesIO()) as writer:
        writer.add(Entry("zeros", Kind.FILE, 0o644, size=Zeros.left), cast(BinaryIO, Zeros()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
