"""What is said of JSON that is none, lacks something, or has something else."""

import json

import pytest

from tools.common.errors import ToolError
from tools.common.parsing import Parsing


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "<<<<",
            (
                "it is not JSON (Expecting value: line 1 column 1 (char 0)); "
                "it may be truncated, or have a merge conflict"
            ),
        ),
        ("{}", "has no 'names'"),
        ("[]", "list indices must be integers or slices, not str"),
        ('{"names": "x"}', "'str' object has no attribute 'items'"),
    ],
)
def test_what_is_wrong_names_the_file_and_the_remedy(text: str, reason: str) -> None:
    with pytest.raises(ToolError) as caught, Parsing("is no list", "a/b.json", remedy="Write it anew."):
        json.loads(text)["names"].items()
    assert str(caught.value) == f"error: a/b.json: is no list: {reason}\n  Write it anew."


def test_other_errors_stay() -> None:
    with pytest.raises(FileNotFoundError), Parsing("is no list", "a/b.json"):
        raise FileNotFoundError
    with pytest.raises(ToolError, match="of version 2"), Parsing("is no list", "a/b.json"):
        raise ToolError("is of version 2")
