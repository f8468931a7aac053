"""Which names of an archive's lists are sonames, and which package each is looked for in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.apt_lock.choose import Choice, Decision, choose, read_decisions
from tools.apt_lock.contents import available, shipped
from tools.common.errors import ToolError

LIB = "usr/lib/x86_64-linux-gnu"


def chosen(contents: str, packages: str = "", *decisions: Decision, suite: str = "trixie") -> Choice:
    """What is chosen for amd64. The suite has the packages of the contents, and those in `packages`."""
    lines = contents.strip().splitlines()
    names = {owner.split("/")[-1] for line in lines for owner in line.split()[-1].split(",")}
    stanzas = "".join(f"Package: {name}\n\n" for name in sorted(names)) + packages
    found = shipped((f"{line.strip()}\n".encode() for line in lines), "amd64")
    known = available(f"{line}\n".encode() for line in stanzas.splitlines())
    return choose(found, known, decisions, suite)


@pytest.mark.parametrize(
    ("contents", "packages"),
    [
        (f"{LIB}/liba.so.1    libs/liba1", {"liba.so.1": "liba1"}),
        ("lib/x86_64-linux-gnu/liba.so.1 libs/liba1", {"liba.so.1": "liba1"}),
        ("lib/liba.so.1 libs/liba1", {"liba.so.1": "liba1"}),
        ("usr/lib/liba.so.1 non-free/libs/liba1", {"liba.so.1": "liba1"}),
        ("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 libs/libc6", {"ld-linux-x86-64.so.2": "libc6"}),
        (f"{LIB}/libdb-5.3.so libs/libdb5.3t64", {"libdb-5.3.so": "libdb5.3t64"}),
        # Other folders are not searched by default; what is below a folder is not in it.
        (f"{LIB}/blas/liba.so.1 libs/liba1", {}),
        ("usr/lib/aarch64-linux-gnu/liba.so.1 libs/liba1", {}),
        ("usr/lib32/liba.so.1 libs/lib32a1", {}),
        ("usr/x86_64-linux-gnu/lib/liba.so.1 libs/liba1-cross", {}),
        ("usr/local/lib/liba.so.1 libs/liba1", {}),
        # Not the name of a library.
        (f"{LIB}/liba.so.conf/x libs/liba1", {}),
        (f"{LIB}/liba.a libs/liba1", {}),
        (f"{LIB}/liba.so.1. libs/liba1", {}),
        (f"{LIB}/plugin.so libs/liba1", {}),
        # For developers.
        (f"{LIB}/liba.so libdevel/liba-dev", {}),
        (f"{LIB}/liba.so.1 libdevel/liba-tools", {}),
        (f"{LIB}/liba.so.1 debug/liba1-dbg", {}),
        (f"{LIB}/libgnat.so devel/gnat-12", {}),
        (f"{LIB}/libbfd-2.44-system.so devel/libbinutils", {"libbfd-2.44-system.so": "libbinutils"}),
        (f"{LIB}/libomp.so.5 devel/libomp5-14", {"libomp.so.5": "libomp5-14"}),
        # A link of the linker's in a package that is not for developers; a library without a version.
        (f"{LIB}/liba.so net/a\n{LIB}/liba.so.1 net/a", {"liba.so.1": "a"}),
        (f"{LIB}/liba.so net/a\n{LIB}/liba.so.1 libs/liba1", {"liba.so.1": "liba1"}),
        (f"{LIB}/libnss3.so libs/libnss3", {"libnss3.so": "libnss3"}),
        # The file behind a link; but a name of two parts may be a soname.
        (f"{LIB}/liba.so.1 libs/liba1\n{LIB}/liba.so.1.2.3 libs/liba1", {"liba.so.1": "liba1"}),
        (f"{LIB}/liba.so.1.2 libs/liba1\n{LIB}/liba.so.1.2.3 libs/liba1", {"liba.so.1.2": "liba1"}),
        (f"{LIB}/liba.so.1.2.3 libs/liba1", {"liba.so.1.2.3": "liba1"}),
        (f"{LIB}/liba.so.1 libs/a\n{LIB}/liba.so.1.2.3 libs/b", {"liba.so.1": "a", "liba.so.1.2.3": "b"}),
        (f"{LIB}/liba.so.1 libs/a\n{LIB}/liba.so.1.0 libs/a", {"liba.so.1": "a", "liba.so.1.0": "a"}),
        (f"{LIB}/libü.so.1 libs/liba1", {}),
    ],
)
def test_names(contents: str, packages: dict[str, str]) -> None:
    assert chosen(contents) == Choice(packages, {})


@pytest.mark.parametrize(
    ("soname", "packages", "package"),
    [
        ("libjack.so.0", "libs/libjack-jackd2-0,libs/libjack0", "libjack0"),
        ("libcc1.so.0", "devel/gcc-avr,libs/libcc1-0", "libcc1-0"),
        ("libQt5Gui.so.5", "libs/libqt5gui5-gles,libs/libqt5gui5t64", "libqt5gui5t64"),
        ("libQt5XcbQpa.so.5", "libs/libqt5gui5-gles,libs/libqt5gui5t64", "libqt5gui5t64"),
        ("liba_b.so.1", "libs/liba-b1,libs/liba", "liba-b1"),
    ],
)
def test_the_plain_package_goes_first(soname: str, packages: str, package: str) -> None:
    assert chosen(f"{LIB}/{soname} {packages}") == Choice({soname: package}, {})


def test_what_no_rule_decides_is_told() -> None:
    choice = chosen(f"{LIB}/libomp.so.5 devel/libomp5-9,devel/libomp5-14")
    assert choice == Choice({"libomp.so.5": "libomp5-14"}, {"libomp.so.5": ("libomp5-14", "libomp5-9")})


def test_alternatives_are_found_by_what_packages_provide() -> None:
    contents = f"{LIB}/blas/libblas.so.3 libs/libblas3\n{LIB}/atlas/libblas.so.3 libs/libatlas3-base"
    provides = {
        "libblas3": "libblas.so.3",
        "libatlas3-base": "x, libblas.so.3 (= 1)",
        "libblas-dev": "libblas.so, libblas.so.3",
        "node": "node-lodash.some",
    }
    more = "".join(f"Package: {name}\nProvides: {text}\n\n" for name, text in provides.items())
    assert chosen(contents, more) == Choice({"libblas.so.3": "libblas3"}, {})


def test_a_library_goes_before_what_says_that_it_provides_it() -> None:
    contents = f"{LIB}/liba.so.1 libs/other"
    assert chosen(contents, "Package: liba1\nProvides: liba.so.1\n").packages == {"liba.so.1": "other"}


def test_a_package_that_the_suite_has_no_more_is_none() -> None:
    found = shipped([f"{LIB}/liba.so.1 libs/gone\n".encode()], "amd64")
    assert choose(found, {"liba1": frozenset()}, (), "trixie").packages == {}


def test_decisions_come_first_in_their_suites() -> None:
    contents = f"{LIB}/libjack.so.0 libs/libjack0,libs/libjack-jackd2-0"
    decision = Decision(("libjack.so.0",), "libjack-jackd2-0", ("trixie",))
    assert chosen(contents, "", decision).packages == {"libjack.so.0": "libjack-jackd2-0"}
    assert chosen(contents, "", decision, suite="bookworm").packages == {"libjack.so.0": "libjack0"}


def test_a_decision_finds_what_nothing_else_tells() -> None:
    decision = Decision(("libopenblas.so.0",), "libopenblas0-pthread", ())
    contents = f"{LIB}/openblas-pthread/libopenblas.so.0 libs/libopenblas0-pthread"
    assert chosen(contents, "", decision).packages == {"libopenblas.so.0": "libopenblas0-pthread"}
    assert chosen(f"{LIB}/liba.so.1 libs/a", "", decision).packages == {"liba.so.1": "a"}


def test_a_decision_for_a_package_of_the_past_is_no_decision() -> None:
    decision = Decision(("liba.so.1",), "liba-old", ())
    assert chosen(f"{LIB}/liba.so.1 libs/liba1,libs/other", "", decision).packages == {"liba.so.1": "liba1"}


def test_an_architecture_without_a_loader_here_is_named() -> None:
    with pytest.raises(ToolError, match="sonames are known for amd64, arm64, not for riscv64"):
        shipped([], "riscv64")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"version": 2, "decisions": []}, "cannot be read: version is 2, this tool reads 1"),
        ({"version": 1}, "cannot be read: has no 'decisions'"),
        (
            {"version": 1, "decisions": [{"sonames": ["a"], "package": "p"}]},
            'the decision for p has no "why"',
        ),
    ],
)
def test_decisions_that_are_none(tmp_path: Path, content: object, problem: str) -> None:
    (tmp_path / "x.json").write_text(json.dumps(content))
    with pytest.raises(ToolError, match=problem):
        read_decisions(tmp_path / "x.json")
