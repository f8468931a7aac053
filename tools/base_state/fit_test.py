"""Which packages go on a base, what of them it lacks, and what stands in their way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.apt_layer.maker import Maker, Result
from tools.apt_layer.state import read_state
from tools.base_state.machine import DPKG, PASSWD, Machine, base_of, deb
from tools.deb_part.debs import Content, build

BASE_PACKAGES = {
    "libc6": ("2.31-0ubuntu9", ""),
    "libssl3t64": (
        "3.0.13-0ubuntu3.5",
        "Provides: libssl3 (= 3.0.13-0ubuntu3.5), ssl-virtual\nBreaks: libssl3 (<< 3)\n",
    ),
    "old": ("1", "Conflicts: newcomer\n"),
}


@pytest.fixture
def ubuntu(machine: Machine, tmp_path: Path) -> Result:
    for name, (version, control) in BASE_PACKAGES.items():
        content = Content(files={f"usr/share/{name}": ""}, control=control)
        machine.dpkg("--install", build(tmp_path, name, content, version=version).path)
    return base_of(machine, tmp_path)


@pytest.mark.parametrize(
    ("needs", "taken"),
    [
        ("libc6", []),
        ("libc6 (>= 2.31)", []),
        ("libc6:any (<< 2.32)", []),
        ("libssl3 (>= 3.0.9)", []),
        ("ssl-virtual", []),
        ("absent | libc6", []),
        ("extra", ["extra"]),
        ("extra | libc6", []),
        ("extra-virtual (= 1.0), second", ["extra", "second"]),
        ("extra (>= 2) | second (>= 1)", ["second"]),
    ],
)
def test_what_the_base_lacks_is_taken(ubuntu: Result, make: Maker, needs: str, taken: Sequence[str]) -> None:
    offered = [
        deb(make, "tool", f"Depends: {needs}\n"),
        deb(make, "extra", "Provides: extra-virtual (= 1.0)\n"),
    ]
    offered += [deb(make, "second"), deb(make, "unasked")]
    top = make.layer(*offered, base=ubuntu, roots=["tool"])
    names = {each.expected.package for each in offered}
    assert sorted(names & set(read_state(top.state).packages)) == sorted(["tool", *taken])


@pytest.mark.parametrize(
    ("control", "message"),
    [
        ("Depends: libc6 (>= 2.36)", "tool 1.0 needs libc6 (>= 2.36); the base has libc6 2.31-0ubuntu9\n"),
        (
            "Pre-Depends: libc6 (>= 2.36)",
            "tool 1.0 needs libc6 (>= 2.36); the base has libc6 2.31-0ubuntu9\n",
        ),
        (
            "Depends: libssl3 (>= 3.5)",
            "the base has libssl3t64 3.0.13-0ubuntu3.5, which provides libssl3 (= 3.0.13-0ubuntu3.5)\n",
        ),
        ("Depends: ssl-virtual (>= 1)", "needs ssl-virtual (>= 1); the base has libssl3t64"),
        ("Depends: absent | gone (= 1)", "needs absent or gone (= 1); neither the base nor the set has it\n"),
        (
            "Depends: newcomer",
            "newcomer 1.0 cannot be added to a base with old 1: old conflicts with newcomer",
        ),
        (
            "Breaks: old (<< 2)",
            "tool 1.0 cannot be added to a base with old 1: tool conflicts with old (<< 2)",
        ),
    ],
)
def test_a_base_that_does_not_fit_is_explained(
    ubuntu: Result, make: Maker, control: str, message: str
) -> None:
    error = make.error(deb(make, "tool", f"{control}\n"), deb(make, "newcomer"), base=ubuntu, roots=["tool"])
    assert message in error
    assert "Take a base that is newer, or what fits this one" in error


def test_all_of_an_elf_set_is_taken_and_nothing_more(ubuntu: Result, make: Maker) -> None:
    offered = [deb(make, "tool", "Depends: libc6 (>= 2.31), absent\n"), deb(make, "second")]
    top = make.layer(*offered, base=ubuntu, roots=["tool"], auto=["second"], closure="elf")
    packages = read_state(top.state).packages
    assert {"tool", "second", "libc6"} <= packages.keys()
    assert packages["second"].auto
    assert "\nDepends: libc6 (>= 2.31)\n" in packages["tool"].status
    assert "\nX-Full-Depends: libc6 (>= 2.31), absent\n" in packages["tool"].status


def test_an_elf_set_is_too_new_for_a_base_as_any_other(ubuntu: Result, make: Maker) -> None:
    tool = deb(make, "tool", "Depends: libc6 (>= 2.36)\n")
    error = make.error(tool, base=ubuntu, roots=["tool"], closure="elf")
    assert "tool 1.0 needs libc6 (>= 2.36); the base has libc6 2.31-0ubuntu9\n" in error


def test_all_that_does_not_fit_is_said_at_once(ubuntu: Result, make: Maker) -> None:
    tool_deb = deb(make, "tool", "Depends: libc6 (>= 2.36), absent, libssl3 (>= 9)\n")
    assert make.error(tool_deb, base=ubuntu, roots=["tool"]).count("error: tool 1.0 needs ") == 3


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"usr/share/old": "x"}, "/usr/share/old is in both old and tool, and neither diverts it"),
        ({"usr/share/old/x": "x"}, "/usr/share/old is a directory in tool and a file in old"),
        ({"usr/lib": "x"}, "/usr/lib is a file in tool and a directory in another package"),
    ],
)
def test_paths_that_the_base_has(
    machine: Machine, make: Maker, tmp_path: Path, files: dict[str, str], message: str
) -> None:
    machine.dpkg("--install", build(tmp_path, "old", Content(files={"usr/share/old": ""})).path)
    base = base_of(machine, tmp_path)
    assert message in make.error(make.deb("tool", Content(files=files)), base=base, roots=["tool"])


def test_diversions_and_stat_overrides_of_the_base_hold(
    machine: Machine, make: Maker, tmp_path: Path
) -> None:
    machine.write(f"{DPKG}/diversions", "/bin/diverted\n/bin/diverted.real\nold\n")
    machine.write(f"{DPKG}/statoverride", "root #8 4750 /usr/bin/special\n")
    machine.write("etc/passwd", f"{PASSWD}+::::::\n")
    tool_deb = make.deb("tool", Content(files={"bin/diverted": "x", "usr/bin/special": "y"}))
    top = make.layer(tool_deb, base=base_of(machine, tmp_path), roots=["tool"])
    assert top.text("usr/bin/diverted.real") == "x"
    assert "usr/bin/diverted" not in top.names()
    assert top.mode("usr/bin/special") == 0o4750
    assert not {f"{DPKG}/diversions", f"{DPKG}/statoverride"} & set(top.names()), "both are as they were"


def test_what_no_package_owns_is_replaced_as_by_dpkg(machine: Machine, make: Maker, tmp_path: Path) -> None:
    machine.write("usr/share/mine", "mine")
    base = base_of(machine, tmp_path)
    top = make.layer(make.deb("tool", Content(files={"usr/share/mine": "theirs"})), base=base, roots=["tool"])
    assert top.text("usr/share/mine") == "theirs"


def test_a_taken_uid_is_an_error(machine: Machine, make: Maker, tmp_path: Path) -> None:
    machine.write("etc/passwd", PASSWD)
    user = {"user": "svc", "uid": 42, "gid": 0, "home": "/none", "shell": "/bin/false", "why": "w"}
    error = make.error(deb(make, "t"), base=base_of(machine, tmp_path), roots=["t"], policy={"t": [user]})
    assert "adds the user svc with the uid 42, which is _apt's in the base" in error


def test_a_base_without_merged_usr_is_refused_where_it_matters(
    machine: Machine, make: Maker, tmp_path: Path
) -> None:
    (machine.path / "bin").unlink()
    (machine.path / "bin").mkdir()
    error = make.error(deb(make, "t"), base=base_of(machine, tmp_path), roots=["t"])
    assert "the base has no link /bin to usr/bin, as the packages of bookworm expect" in error
