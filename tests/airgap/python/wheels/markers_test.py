"""Markers are evaluated for the target, as the reference implementation would."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.markers import Marker
from wheels import markers
from wheels.target import Target

# The same examples on each run.
settings.register_profile("fixed", derandomize=True, database=None, max_examples=500, deadline=None)
settings.load_profile("fixed")

_X86 = Target("3.11.2", "linux_x86_64")
_ARM = Target("3.14.0", "linux_aarch64")

_ATOMS = st.one_of(
    st.builds(
        "{} {} '{}'".format,
        st.sampled_from(["python_version", "python_full_version", "implementation_version"]),
        st.sampled_from(["<", "<=", "==", "!=", ">=", ">", "~="]),
        st.sampled_from(["3.9", "3.10", "3.11", "3.11.2", "3.12", "3.14", "3.15"]),
    ),
    st.builds(
        "{} {} '{}'".format,
        st.sampled_from(["platform_machine", "sys_platform", "os_name", "platform_system", "extra"]),
        st.sampled_from(["==", "!="]),
        st.sampled_from(["x86_64", "aarch64", "linux", "posix", "Linux", "win32", "", "Some_Extra"]),
    ),
    st.builds(
        "{} {} '{}'".format,
        st.sampled_from(["platform_machine", "python_version", "sys_platform"]),
        st.sampled_from(["in", "not in"]),
        st.sampled_from(["x86_64 amd64", "3.11, 3.12", "linux linux2", "3.1"]),
    ),
    st.builds(
        "'{}' {} python_version".format,
        st.sampled_from(["3.9", "3.11", "3.14"]),
        st.sampled_from(["<", "<=", "=="]),
    ),
)
_MARKERS = st.recursive(
    _ATOMS,
    lambda inner: (
        st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or"]), inner) | inner.map("({})".format)
    ),
    max_leaves=5,
)


@given(_MARKERS, st.sampled_from([_X86, _ARM]), st.sampled_from(["", "some-extra", "other"]))
def test_result_is_that_of_the_reference(marker: str, target: Target, extra: str) -> None:
    environment = target.environment(extra)
    assert markers.evaluate(marker, environment) is Marker(marker).evaluate(environment)


@pytest.mark.parametrize(
    ("marker", "on_x86", "on_arm"),
    [
        ("python_version < '3.12'", True, False),
        ("python_full_version >= '3.11.3'", False, True),
        ("platform_machine == 'aarch64'", False, True),
        ("sys_platform == 'win32' or platform_machine == 'x86_64'", True, False),
        ("sys_platform == 'linux' and python_version >= '3.10'", True, True),
        ("(os_name == 'nt' or os_name == 'posix') and platform_system == \"Linux\"", True, True),
        ("platform_python_implementation != 'PyPy'", True, True),
        ("python_implementation == 'CPython'", True, True),
        ("platform_machine not in 'arm64 aarch64'", True, False),
        ("extra == 'test'", False, False),
    ],
)
def test_markers_look_at_the_target(marker: str, on_x86: bool, on_arm: bool) -> None:
    assert markers.evaluate(marker, _X86.environment()) is on_x86
    assert markers.evaluate(marker, _ARM.environment()) is on_arm


@pytest.mark.parametrize(
    "marker",
    [
        "",
        "python_version",
        "python_version <",
        "python_version < 3.9",
        "python_version << '3.9'",
        "no_such_variable == '1'",
        "(os_name == 'nt'",
        "os_name == 'nt' os_name == 'nt'",
        "os_name == 'nt' and",
        "os_name not 'nt'",
        "os_name ~= 'nt'",
    ],
)
def test_malformed_markers_are_errors(marker: str) -> None:
    with pytest.raises(markers.InvalidMarker):
        markers.evaluate(marker, _X86.environment())
