"""Tags of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.push.plan import Planned
from tools.push.tags import tags


def image(*prefixes: str) -> Planned:
    return Planned("//:a", Path(), "", "", prefixes, (), ())


@pytest.mark.parametrize("prefixes", [(), ("3.11",)])
@pytest.mark.parametrize(
    ("tag", "reason", "remedy"),
    [
        ("", "--tag is empty", "give --tag NAME, or leave --tag out"),
        ("-rc1", "'-rc1' can't be a tag", "rc1 can be one"),
        (".", "'.' can't be a tag", "unnamed can be one"),
        ("feature/x", "'feature/x' can't be a tag", "feature-x can be one"),
        ("x" * 129, "can't be a tag: .* at most 128 of them", "x" * 128 + " can be one"),
    ],
)
def test_a_tag_must_be_one_without_its_prefix(
    prefixes: tuple[str, ...], tag: str, reason: str, remedy: str
) -> None:
    with pytest.raises(ToolError, match=reason) as caught:
        tags(image(*prefixes), ["main"], [tag])
    assert str(caught.value.remedy).endswith(remedy)


def test_a_tag_must_be_one_with_its_prefix() -> None:
    assert tags(image("3.11"), [], ["x" * 123]) == ("3.11-" + "x" * 123,)
    with pytest.raises(ToolError, match=r"'3\.11-x+' can't be a tag"):
        tags(image("3.11"), [], ["x" * 124])
