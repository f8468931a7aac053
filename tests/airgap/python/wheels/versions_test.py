"""Versions compare as the reference implementation says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import Specifier
from packaging.version import Version
from wheels import versions

_NUMBERS = st.integers(min_value=0, max_value=3).map(str)
_RELEASES = st.lists(_NUMBERS, min_size=1, max_size=4).map(".".join)

# The same examples on each run.
settings.register_profile("fixed", derandomize=True, database=None, max_examples=500, deadline=None)
settings.load_profile("fixed")


@st.composite
def _versions(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(["", "", "", "1!"])) + draw(_RELEASES)
    text += draw(st.sampled_from(["", "", "a1", ".beta.2", "-rc", "c3", "_preview_1"]))
    text += draw(st.sampled_from(["", "", ".post1", "-2", "-r4", "post"]))
    text += draw(st.sampled_from(["", "", ".dev0", "dev1"]))
    return text + draw(st.sampled_from(["", "", "+local.1", "+cpu", "+1.a"]))


@given(_versions(), _versions())
def test_order_is_that_of_the_reference(left: str, right: str) -> None:
    ours = versions.parse(left).key(), versions.parse(right).key()
    theirs = Version(left), Version(right)
    assert (ours[0] < ours[1], ours[0] == ours[1]) == (theirs[0] < theirs[1], theirs[0] == theirs[1])


@given(_versions(), st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "~="]), _versions())
def test_operators_are_those_of_the_reference(version: str, operator: str, wanted: str) -> None:
    if operator not in ("==", "!="):
        wanted = wanted.partition("+")[0]
    if operator == "~=" and len(Version(wanted).release) < 2:
        with pytest.raises(versions.InvalidVersion):
            versions.matches(versions.parse(version), operator, wanted)
        return
    expected = Specifier(operator + wanted).contains(version, prereleases=True)
    assert versions.matches(versions.parse(version), operator, wanted) is expected


@given(_versions(), st.sampled_from(["==", "!="]), _RELEASES)
def test_prefixes_match_as_in_the_reference(version: str, operator: str, prefix: str) -> None:
    expected = Specifier(f"{operator}{prefix}.*").contains(version, prereleases=True)
    assert versions.matches(versions.parse(version), operator, f"{prefix}.*") is expected


@pytest.mark.parametrize("text", ["", "one", "1.x", "1..2", "1.0+", "1.0 2"])
def test_nonsense_is_no_version(text: str) -> None:
    with pytest.raises(versions.InvalidVersion):
        versions.parse(text)
