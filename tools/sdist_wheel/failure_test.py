"""What a user is told of a build that failed, and which wheels are not the one that was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.sdist_wheel import failure
from tools.sdist_wheel.order import Order, Target
from tools.wheel.wheel_writer import write_wheel

_ORDER = Order(
    Path("tiny-1.0.tar.gz"), Target("3.11", "amd64"), Path("layout"), "//:image", "//:x_py311_amd64"
)


@pytest.mark.parametrize(
    ("log", "remedy"),
    [
        (
            "a.c:1:10: fatal error: a/b.h: No such file or directory",
            "The header a/b.h is missing in //:image",
        ),
        ("/usr/bin/ld: cannot find -lmariadb: No such file", "The library mariadb is missing in //:image"),
        (
            "Package 'libpq', required by 'virtual:world', not found",
            "The package libpq is missing in //:image",
        ),
        ("Package libpq was not found in the pkg-config search path.", "The package libpq is missing in"),
        ("/bin/sh: 1: swig: not found", "The program swig is missing in //:image"),
        ("bash: line 1: swig: command not found", "The program swig is missing in //:image"),
        ("<urlopen error [Errno -3] Temporary failure in name resolution>", "The build wanted the network"),
        ("fatal: unable to access: Could not resolve host: x", "The build wanted the network"),
        ("error: Network is unreachable", "The build wanted the network"),
        ("AssertionError", "It was built in //:image."),
    ],
)
def test_what_is_said_leads_to_what_can_be_done(log: str, remedy: str) -> None:
    said = str(failure.explain(_ORDER, 2, f"building\n\n{log}\n"))
    assert said.startswith(
        "error: tiny-1.0.tar.gz: its build for Python 3.11 on linux/amd64 failed with exit code 2; "
        "it said last:\n"
        f"    | building\n    | {log}\n  "
    )
    assert remedy in said
    if "network" not in remedy:
        assert "set `devel` in apt/locks/SUITE.in.json" in said
        assert "build_root" in said


def test_a_build_that_says_nothing() -> None:
    assert "(it said nothing)" in str(failure.explain(_ORDER, 137, " \n\n"))


@pytest.mark.parametrize(
    ("made", "said"),
    [([], "0 wheels instead of one file: none"), (["a.whl", "b"], "2 wheels instead of one file: a.whl, b")],
)
def test_a_build_that_leaves_no_one_wheel(made: list[str], said: str) -> None:
    shown = str(failure.not_one_wheel(_ORDER, made))
    assert shown.startswith(f"error: tiny-1.0.tar.gz: its build made {said}\n  Its backend has to")
    assert "Lock another version" in shown
    assert '//:x_py311_amd64: prebuilt = {"py311_amd64": "//PACKAGE:NAME.whl"}' in shown


def test_where_it_cannot_run_a_wheel_can_be_supplied() -> None:
    assert str(failure.cannot_run(_ORDER, "a problem", "a hint")) == (
        "error: tiny-1.0.tar.gz: cannot be built for Python 3.11 on linux/amd64: a problem\n"
        "  a hint\n"
        "  Or build the wheel on a machine that can, and supply it to the macro sdist_wheels of\n"
        '  //:x_py311_amd64: prebuilt = {"py311_amd64": "//PACKAGE:NAME.whl"}'
    )


def test_what_is_not_given_is_named_as_a_label() -> None:
    said = str(failure.not_given(_ORDER, ["Flit_Core[x] >=3", "wheel"]))
    assert "its build needs Flit_Core[x] >=3, wheel\n" in said
    assert 'requires = ["@HUB//flit_core:whl"]' in said


@pytest.mark.parametrize(
    ("name", "version", "tags", "problem"),
    [
        ("tiny", "1.0", ["py3-none-any"], ""),
        ("Tiny", "1.0", ["cp311-cp311-linux_x86_64"], ""),
        ("tiny", "1.0", ["cp39-cp39-linux_x86_64", "cp311-cp311-linux_x86_64"], ""),
        ("other", "1.0", ["py3-none-any"], "its build made other 1.0, the lock has tiny 1.0"),
        ("tiny", "1.1", ["py3-none-any"], "its build made tiny 1.1, the lock has tiny 1.0"),
        ("tiny", "1.0", ["cp39-cp39-linux_x86_64"], "a wheel for cp39-cp39-linux_x86_64, which does not fit"),
        ("tiny", "1.0", [], "a wheel for nothing, which does not fit Python 3.11 on linux/amd64"),
    ],
)
def test_the_wheel_is_the_one_that_was_asked_for(
    name: str, version: str, tags: list[str], problem: str, tmp_path: Path
) -> None:
    told = "".join(f"Tag: {tag}\n" for tag in tags)
    info = f"{name}-{version}.dist-info"
    path = write_wheel(tmp_path, name, version, {f"{info}/WHEEL": f"Wheel-Version: 1.0\n{told}".encode()})
    if not problem:
        failure.check(_ORDER, path)
        return
    with pytest.raises(ToolError, match=problem):
        failure.check(_ORDER, path)


def test_a_wheel_that_differs_from_its_record(tmp_path: Path) -> None:
    path = write_wheel(tmp_path, "tiny", "1.0", {"a": b"a"}, lambda members: members.update({"a": b"b"}))
    with pytest.raises(ToolError, match="differs from the one in RECORD"):
        failure.check(_ORDER, path)
