"""What a user sees when a tool fails."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tools.common.errors import ToolError, ToolErrors, raise_all

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).absolute().parents[2])}


def test_message_names_file_problem_and_remedy() -> None:
    error = ToolError("bad hash", file=Path("a/lock.json"), remedy="refresh:\nbazel run //apt:lock")
    assert str(error) == "error: a/lock.json: bad hash\n  refresh:\n  bazel run //apt:lock"
    assert str(ToolError("bad hash")) == "error: bad hash"


def test_raise_all_shows_every_problem() -> None:
    raise_all([])
    with pytest.raises(ToolErrors) as caught:
        raise_all([ToolError("one"), ToolError("two", file="f")])
    assert str(caught.value) == "error: one\nerror: f: two"
    with pytest.raises(ToolError, match=r"^error: one$"):
        raise_all([ToolError("one")])


@pytest.mark.parametrize(
    ("body", "code", "stderr"),
    [
        ("return None", 0, ""),
        ("return 3", 3, ""),
        ("raise ToolError('broken', file='x')", 1, "error: x: broken\n"),
        ("open('/nowhere/at/all')", 1, "error: /nowhere/at/all: No such file or directory\n"),
        ("open('/dev/full', 'wb', 0).write(b'x')", 1, "error: No space left on device\n"),
        (
            "with naming('out'): open('/dev/full', 'wb', 0).write(b'x')",
            1,
            "error: out: No space left on device\n",
        ),
        ("with naming('out'): open('/nowhere')", 1, "error: /nowhere: No such file or directory\n"),
        ("raise KeyboardInterrupt", 130, ""),
    ],
)
def test_run_ends_with_the_code_and_one_message(body: str, code: int, stderr: str) -> None:
    program = textwrap.dedent(f"""
        from tools.common.errors import ToolError, naming, run
        def main() -> int | None:
            {body}
        run(main)
    """)
    done = subprocess.run(
        [sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (code, stderr)


def test_bugs_are_not_hidden() -> None:
    program = "from tools.common.errors import run\nrun(lambda: 1 // 0)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert "ZeroDivisionError" in done.stderr
