"""What the dynamic loader takes from a cache."""

from __future__ import annotations

import pytest

from tools.common.errors import ToolError
from tools.ld_cache.cache import Entry, serialise, serialise_plain
from tools.ld_cache.read import read_cache

AMD64, ARM64 = (62, 64), (183, 64)
X86_64, I386, AARCH64, ANY = 0x0303, 0x0003, 0x0A03, 1
ENTRIES = [
    Entry("liba.so.1", "/first/liba.so.1", X86_64),
    Entry("liba.so.1", "/second/liba.so.1", X86_64),
    Entry("libb.so.1", "/32/libb.so.1", I386),
    Entry("libb.so.1", "/64/libb.so.1", X86_64),
    Entry("libc.so.1", "/arm/libc.so.1", AARCH64),
    Entry("libd.so.1", "/any/libd.so.1", ANY),
    Entry("libe.so.1", "/any/libe.so.1", ANY),
    Entry("libe.so.1", "/64/libe.so.1", X86_64),
    Entry("libf.so.10", "/64/\udcff", X86_64),
]
BETTER = [Entry("liba.so.1", "/better/liba.so.1", X86_64, "x86-64-v3", 3)]
FOUND = {
    "liba.so.1": "/first/liba.so.1",
    "libb.so.1": "/64/libb.so.1",
    "libd.so.1": "/any/libd.so.1",
    "libe.so.1": "/64/libe.so.1",
    "libf.so.10": "/64/\udcff",
}
CACHES = {
    "new": serialise([*ENTRIES, *BETTER], ["x86-64-v3"], b"ldconfig"),
    "plain": serialise_plain(ENTRIES),
    "behind an older one": b"ld.so-1.7.0\0" + bytes(20) + serialise(ENTRIES),
}


@pytest.mark.parametrize("data", CACHES.values(), ids=CACHES)
def test_the_first_entry_of_the_right_kind_counts(data: bytes) -> None:
    assert read_cache(data, AMD64) == FOUND


def test_another_machine_has_other_libraries() -> None:
    found = read_cache(CACHES["new"], ARM64)
    assert found == {name: path for name, path in found.items() if path.startswith(("/arm", "/any"))}
    assert found["libc.so.1"] == "/arm/libc.so.1"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no cache"),
        (b"ld.so-1.7.0\0", "no cache"),
        (CACHES["plain"][:30], "cut off"),
        (CACHES["plain"][:100], "cut off"),
        (CACHES["plain"][:-3], "cut off"),
    ],
)
def test_a_broken_cache(data: bytes, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        read_cache(data, AMD64)
