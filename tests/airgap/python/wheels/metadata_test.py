"""What a wheel depends on, by target and extras."""

import pytest
from wheels import metadata, requirement
from wheels.target import Target

_X86 = Target("3.11.2", "linux_x86_64")
_ARM = Target("3.9.2", "linux_aarch64")

_METADATA = """\
Metadata-Version: 2.1
Name: Tiny.App
Version: 1.0
Requires-Dist: always
Requires-Dist: Typing_Extensions (>=4) ; python_version < "3.10"
Requires-Dist: only-arm ; platform_machine == "aarch64"
Requires-Dist: colorama>=0.4; sys_platform == "win32"
Requires-Dist: socks; extra == "socks"
Requires-Dist: deep; extra == "deep_one"
Requires-Dist: tiny-app[socks,deep-one]; extra == "all"
Requires-Dist: pinned @ https://x.invalid/pinned.whl ; python_version > "3.10"

Requires-Dist: not-a-header
"""


@pytest.mark.parametrize(
    ("target", "extras", "expected"),
    [
        (_X86, [], ["always", "pinned"]),
        (_ARM, [], ["always", "only_arm", "typing_extensions"]),
        (_X86, ["socks"], ["always", "pinned", "socks"]),
        (_X86, ["Deep.One"], ["always", "deep", "pinned"]),
        (_X86, ["all"], ["always", "deep", "pinned", "socks"]),
        (_X86, ["unknown"], ["always", "pinned"]),
    ],
)
def test_dependencies(target: Target, extras: list[str], expected: list[str]) -> None:
    parsed = metadata.parse(_METADATA)
    assert list(metadata.dependencies(parsed, frozenset(extras), target)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("six", ("six", (), "", "", "")),
        ("six>=1,<2", ("six", (), ">=1,<2", "", "")),
        ("six (>=1)", ("six", (), ">=1", "", "")),
        ("six[a, B_c] ~= 1.0 ; os_name=='posix'", ("six", ("a", "b-c"), "~= 1.0", "", "os_name=='posix'")),
        ("six @ file:///a;b ; os_name=='nt'", ("six", (), "", "file:///a;b", "os_name=='nt'")),
    ],
)
def test_requirements(text: str, expected: tuple[str, tuple[str, ...], str, str, str]) -> None:
    assert requirement.parse(text) == requirement.Requirement(*expected)


@pytest.mark.parametrize("text", ["", "-six", "six 1.0", "six[a b]", "[a]"])
def test_malformed_requirements_are_errors(text: str) -> None:
    with pytest.raises(requirement.InvalidRequirement):
        requirement.parse(text)
