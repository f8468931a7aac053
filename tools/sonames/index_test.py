"""Reading and writing an index of sonames."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.sonames.index import Sonames, dumps, loads, suites_with

INDEX = Sonames(
    "bookworm",
    "12.15",
    {
        "amd64": {"libc.so.6": "libc6", "ld-linux-x86-64.so.2": "libc6", "libhs.so.5": "libhyperscan5"},
        "arm64": {"libc.so.6": "libc6", "ld-linux-aarch64.so.1": "libc6", "libhs.so.5": "libvectorscan5"},
    },
    {"libc.so.6": ("GLIBC_2.9", "GLIBC_2.36")},
)
TEXT = """\
{
"version": 1,
"suite": "bookworm",
"release": "12.15",
"sonames": {
"libc.so.6": "libc6"
},
"amd64": {
"ld-linux-x86-64.so.2": "libc6",
"libhs.so.5": "libhyperscan5"
},
"arm64": {
"ld-linux-aarch64.so.1": "libc6",
"libhs.so.5": "libvectorscan5"
},
"symbol_versions": {
"libc.so.6": ["GLIBC_2.9", "GLIBC_2.36"]
}
}
"""


def test_what_is_the_same_everywhere_is_there_once() -> None:
    assert dumps(INDEX) == TEXT
    assert loads(TEXT, Path("x")) == INDEX


def test_an_empty_index_is_one() -> None:
    empty = Sonames("bookworm", "", {"amd64": {}}, {})
    assert loads(dumps(empty), Path("x")) == empty


@pytest.mark.parametrize(
    ("soname", "arch", "package"),
    [
        ("libc.so.6", "arm64", "libc6"),
        ("libhs.so.5", "amd64", "libhyperscan5"),
        ("libhs.so.5", "arm64", "libvectorscan5"),
        ("ld-linux-aarch64.so.1", "arm64", "libc6"),
        ("ld-linux-aarch64.so.1", "amd64", None),
        ("libc.so", "amd64", None),
    ],
)
def test_a_soname_leads_to_its_package(tmp_path: Path, soname: str, arch: str, package: str | None) -> None:
    (tmp_path / "x").write_text(TEXT)
    assert Sonames.load(tmp_path / "x").package(soname, arch) == package


def test_an_architecture_without_sonames_is_named() -> None:
    with pytest.raises(ToolError, match="of bookworm has no sonames for riscv64, only for amd64, arm64"):
        INDEX.package("libc.so.6", "riscv64")


def _with(suite: str, release: str, *versions: str) -> Sonames:
    return Sonames(suite, release, {"amd64": {}}, {"libc.so.6": versions})


def test_suites_come_oldest_first_whatever_their_names() -> None:
    suites = [
        _with("b", "12.1", "V2"),
        _with("c", "9.13", "V2"),
        _with("a", "13.0", "V2"),
        _with("d", "8.1", "V1"),
    ]
    assert suites_with(suites, "libc.so.6", "V2") == ["c", "b", "a"]
    assert suites_with(suites, "libc.so.6", "V3") == []
    assert suites_with(suites, "libm.so.6", "V2") == []
    assert suites[0].defines("libc.so.6", "V1") is False
    assert suites[0].defines("libm.so.6", "V1") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"{", "is no index of sonames: it is not JSON (Expecting"),
        (b"[]", "is no index of sonames: list indices"),
        (b"\xff", "is no index of sonames: 'utf-8' codec"),
        (TEXT.replace(": 1,", ": 2,").encode(), "is an index of version 2, this tool reads 1"),
        (TEXT.replace('"release"', '"date"').encode(), "is no index of sonames: has no 'release'"),
        (TEXT.replace('"libvectorscan5"', "5").encode(), "is no index of sonames: 5 is where a name must be"),
        (TEXT.replace('["GLIBC_2.9", "GLIBC_2.36"]', "7").encode(), "is no index of sonames: 'int' object"),
    ],
)
def test_what_is_no_index_is_refused(tmp_path: Path, text: bytes, problem: str) -> None:
    (tmp_path / "x").write_bytes(text)
    with pytest.raises(ToolError) as caught:
        Sonames.load(tmp_path / "x")
    assert str(caught.value).startswith(f"error: {tmp_path / 'x'}: {problem}")
    assert "./bazelw run //apt:lock -- SUITE" in str(caught.value)
