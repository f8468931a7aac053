"""Verdicts about tags and Requires-Python are those of `packaging`, which pip asks too."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging import _manylinux
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags, parse_tag

from tools.venv_check.requires import allows
from tools.venv_check.tags import Target, problem

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
MINORS = range(9, 15)
GLIBCS = ((2, 16), (2, 17), (2, 31), (2, 36))

PYTHONS = [
    *(f"{kind}3{minor}" for kind in ("py", "cp") for minor in ("", 0, 8, 9, 10, 11, 13, 14, 15, "09", "010")),
    *"py2 py27 py4 cp2 cp27 cp4 cp41 pp39 pp311 py cp py3x 3 py٣".split(),
    "",
]
ABIS = [*(f"cp3{minor}" for minor in (8, 9, 10, 11, 13, 14)), *"none abi3 abi3t cp313t cp37m".split()]
ABIS += ["any", ""]
PLATFORMS = [
    *(
        f"{name}_{machine}"
        for machine in ("x86_64", "aarch64", "i686")
        for name in (
            *"linux manylinux1 manylinux2010 manylinux2014 manylinux2020 manylinux".split(),
            *(f"manylinux_2_{minor}" for minor in (4, 5, 16, 17, 31, 32, 36, 37, "017")),
            *"manylinux_1_9 manylinux_3_0 manylinux_02_17 musllinux_1_2".split(),
        )
    ),
    *"any win32 win_amd64 macosx_10_9_x86_64 macosx_11_0_arm64 macosx_10_9_universal2".split(),
    *"android_21_x86_64 ios_13_0_arm64_iphoneos linux linux_x86_64_x86_64 anyany".split(),
    "",
]


@pytest.mark.parametrize("arch", MACHINES)
@pytest.mark.parametrize("glibc", GLIBCS)
def test_a_tag_fits_where_packaging_says_so(
    glibc: tuple[int, int], arch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_manylinux, "_get_glibc_version", lambda: _manylinux._GLibCVersion(*glibc))
    machine = MACHINES[arch]
    platforms = [*_manylinux.platform_tags([machine]), f"linux_{machine}"]
    for minor in MINORS:
        own = f"cp3{minor}"
        supported = {str(tag) for tag in cpython_tags((3, minor), [own], platforms)}
        supported |= {str(tag) for tag in compatible_tags((3, minor), own, platforms)}
        target = Target(f"3.{minor}", arch, f"{glibc[0]}.{glibc[1]}")
        everything = {"-".join(parts) for parts in product(PYTHONS, ABIS, PLATFORMS)} | supported
        assert {tag for tag in everything if problem([tag], target) is None} == supported


@pytest.mark.parametrize(
    "name",
    [
        "py2.py3-none-any",
        "cp38.cp39-abi3-manylinux1_x86_64.manylinux2014_x86_64",
        "CP311-cp311-ManyLinux_2_17_x86_64.manylinux2014_x86_64",
        "cp311-cp311-win_amd64.manylinux_2_39_x86_64",
        "cp312.cp313-none-any",
    ],
)
def test_one_tag_of_a_set_is_enough(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_manylinux, "_get_glibc_version", lambda: _manylinux._GLibCVersion(2, 36))
    platforms = [*_manylinux.platform_tags(["x86_64"]), "linux_x86_64"]
    supported = {*cpython_tags((3, 11), ["cp311"], platforms), *compatible_tags((3, 11), "cp311", platforms)}
    tags = parse_tag(name)
    pythons, abis, platform = (part.split(".") for part in name.split("-"))
    ours = ["-".join(parts) for parts in product(pythons, abis, platform)]
    assert (problem(ours, Target("3.11", "amd64", "2.36")) is None) == bool(tags & supported)


@pytest.mark.parametrize("arch", MACHINES)
def test_without_a_known_glibc_every_one_that_there_is_fits(arch: str) -> None:
    for name in ("manylinux2014", "manylinux_2_17", "manylinux_2_99"):
        assert problem([f"cp311-cp311-{name}_{MACHINES[arch]}"], Target("3.11", arch)) is None


NUMBER = st.sampled_from("0 1 2 3 9 10 11 12 13 03 011".split())
RELEASE = st.lists(NUMBER, min_size=1, max_size=4).map(".".join)
LIKELY = st.sampled_from("3 3.9 3.11 3.11.0 3.11.2 3.11.2.0 3.11.3 3.12 4 2.7".split())
SUFFIX = st.sampled_from(
    [
        *(["", "", "", ".*", "a1", "rc1", "b", ".post1", "-1", ".dev0", "rc1.dev2", ".post1.dev3", "+x.1"]),
        *([".*.1", ".x", "A1", "_pre_2", "c.3", "-dev", ".r2", "+", ".dev1.*", "rc1.*", "٣"]),
    ]
)
CLAUSE = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from([*"~= == === != <= >= < > = => <>".split(), "", ">= ", "<\t"]),
    st.sampled_from(["", "", "", "v", "0!", "1!", "V"]),
    RELEASE | LIKELY,
    SUFFIX,
    st.sampled_from(["", "", " "]),
)
REQUIRES = st.lists(CLAUSE | st.sampled_from(["", " ", "anything", ">=", "*"]), max_size=3).map(",".join)


@settings(derandomize=True, max_examples=2000, deadline=None, database=None)
@given(REQUIRES, st.sampled_from(["3.9.2", "3.11.0", "3.11.2", "3.13.5"]))
@example(">=3.*", "3.11.2")
@example(">=2.7.*,<4", "3.11.2")
@example(">=3.12,anything", "3.11.2")
@example("===3.11.2.0", "3.11.2")
@example("~=4", "3.11.2")
def test_a_python_is_allowed_where_packaging_says_so(requires: str, version: str) -> None:
    try:
        expected = version in SpecifierSet(requires)
    except InvalidSpecifier:
        expected = True
    assert allows(requires, version) == expected
