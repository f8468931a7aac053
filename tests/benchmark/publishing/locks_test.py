"""The wheel of the pin that was bumped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmark.publishing.locks import bumped_wheel
from tools.common.errors import ToolError

BEFORE = "# by uv\nnumpy==2.0 \\\n    --hash=sha256:12\nscikit-learn==1.9.0 \\\n    --hash=sha256:34\n"
AFTER = BEFORE.replace("1.9.0", "1.9.1")
WHEELS = [
    Path(f"wheels/{name}-cp311-cp311-linux_x86_64.whl")
    for name in ("numpy-2.0", "scikit_learn-1.9.0", "scikit_learn-1.9.1", "scikit_learn-1.9.10")
]


def test_it_is_that_of_the_later_lock() -> None:
    assert bumped_wheel(BEFORE, AFTER, WHEELS) == WHEELS[2]
    assert bumped_wheel(AFTER, BEFORE, WHEELS) == WHEELS[1]


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        (BEFORE, "differ in nothing,"),
        (AFTER.replace("2.0", "2.1"), "differ in numpy, scikit-learn,"),
        (AFTER + "six==1.0\n", "differ in scikit-learn, six,"),
        (BEFORE.replace("1.9.0", "1.9.2"), "scikit-learn 1.9.2 has 0 wheels"),
    ],
)
def test_other_differences_are_refused(after: str, problem: str) -> None:
    with pytest.raises(ToolError, match=problem):
        bumped_wheel(BEFORE, after, WHEELS)
