"""Where the writer says that contents are, looked up in the part."""

import io
import random
import zlib

import pytest

from tools.layer import tar
from tools.layer.part import PartWriter
from tools.layer.tar import Entry, Kind

_RANDOM = random.Random(4)
FILES = {f"f/{number:02}": _RANDOM.randbytes(size) for number, size in enumerate([1, 700, 0, 3000, 512, 9])}
SPLICED = {"f/01", "f/03"}


def part(member_size: int | None) -> tuple[bytes, PartWriter]:
    """A part that begins with a folder and has files of both kinds; what is written to has no position."""
    out = io.BytesIO()
    out.tell = None  # type: ignore[method-assign, assignment]
    with PartWriter(out, member_size=member_size) as writer:
        writer.add(Entry("f", Kind.DIR, 0o755))
        for path, data in FILES.items():
            entry = Entry(path, Kind.FILE, 0o644, size=len(data))
            if path in SPLICED:
                deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
                writer.add_deflated(entry, [deflate.compress(data), deflate.flush()], zlib.crc32(data))
            else:
                writer.add(entry, data)
        writer.add(Entry("f/link", Kind.SYMLINK, 0o777, link="00"))
    return out.getvalue(), writer


def members(data: bytes) -> dict[int, bytes]:
    """What each gzip member inflates to, by its offset."""
    found, offset = {}, 0
    while offset < len(data):
        member = zlib.decompressobj(wbits=31)
        found[offset] = member.decompress(data[offset:])
        assert member.eof
        offset = len(data) - len(member.unused_data)
    return found


@pytest.mark.parametrize("member_size", [None, 0, 512, 1024, 1 << 20])
def test_each_content_is_where_its_span_says(member_size: int | None) -> None:
    data, writer = part(member_size)
    inflated = members(data)
    assert [span.path for span in writer.spans] == [path for path, content in FILES.items() if content]
    for span in writer.spans:
        content = inflated[span.offset][span.inner : span.inner + span.size]
        assert content == FILES[span.path], span
        if span.path in SPLICED:
            assert span.inner == 0
            assert inflated[span.offset] == content


def test_a_member_size_cuts_before_contents_and_leaves_the_tar_as_it_was() -> None:
    whole = b"".join(members(part(None)[0]).values())
    for member_size in (0, 512, 1024, 1 << 20):
        data, writer = part(member_size)
        assert b"".join(members(data).values()) == whole
        # A member has one content after the limit at most: what is before it fits.
        assert all(span.inner < max(member_size, 1) for span in writer.spans)
    assert all(span.inner == 0 for span in part(0)[1].spans)
    assert part(1 << 20)[0] == part(None)[0]


def test_the_writer_knows_its_entries() -> None:
    _, writer = part(None)
    assert list(writer.entries) == ["f", *FILES, "f/link"]
    assert writer.entries["f/03"] == Entry("f/03", Kind.FILE, 0o644, size=3000)
    size = sum(
        len(tar.header(entry)) + entry.size + len(tar.padding(entry.size))
        for entry in writer.entries.values()
    )
    assert size == sum(map(len, members(part(None)[0]).values()))
