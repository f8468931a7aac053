"""A tool as a process of its own and as a worker of Bazel's says and does the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).absolute().parents[2])}
TOOL = textwrap.dedent("""
    import argparse, sys
    from pathlib import Path
    from tools.common.errors import ToolError
    from tools.common.worker import run_actions

    def main(arguments):
        parser = argparse.ArgumentParser(prog="tool")
        parser.add_argument("--out", type=Path)
        parser.add_argument("what")
        args = parser.parse_args(arguments)
        if args.what == "problem":
            raise ToolError("no good", file="input", remedy="do better")
        if args.what == "bug":
            1 // 0
        if args.what == "print":
            print("printed")
        args.out.write_text(args.what)

    run_actions(main)
""")


def tool(*arguments: str, requests: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TOOL, *arguments],
        env=ENVIRONMENT,
        input=requests,
        capture_output=True,
        text=True,
        check=False,
    )


def served(*requests: Sequence[str], **more: Any) -> list[dict[str, Any]]:
    lines = [json.dumps({"arguments": list(each), "inputs": [], **more}) + "\n" for each in requests]
    done = tool("--persistent_worker", requests="".join(lines))
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_process_does_all_that_it_is_asked_for(tmp_path: Path) -> None:
    answers = served(*(["--out", str(tmp_path / each), each] for each in "abc"))
    assert answers == [{"exitCode": 0, "output": "", "requestId": 0}] * 3
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "a", "b": "b", "c": "c"}


@pytest.mark.parametrize(
    ("arguments", "code", "output"),
    [
        (["problem"], 1, "error: input: no good\n  do better\n"),
        (["--out", "/nowhere/x", "x"], 1, "error: /nowhere/x: No such file or directory\n"),
        (
            ["--other", "x"],
            2,
            "usage: tool [-h] [--out OUT] what\ntool: error: unrecognized arguments: --other\n",
        ),
    ],
)
def test_what_fails_says_the_same_either_way_and_ends_nothing(
    tmp_path: Path, arguments: list[str], code: int, output: str
) -> None:
    alone = tool(*arguments)
    assert (alone.returncode, alone.stdout, alone.stderr) == (code, "", output)
    failed, fine = served(arguments, ["--out", str(tmp_path / "fine"), "fine"])
    assert failed == {"exitCode": code, "output": output, "requestId": 0}
    assert fine["exitCode"] == 0
    assert (tmp_path / "fine").read_text() == "fine"


def test_a_bug_is_shown_and_ends_only_its_action(tmp_path: Path) -> None:
    bug, fine = served(["bug"], ["--out", str(tmp_path / "fine"), "fine"])
    assert bug["exitCode"] == 1
    assert "ZeroDivisionError" in bug["output"]
    assert fine["exitCode"] == 0
    assert "ZeroDivisionError" in tool("bug").stderr


def test_what_an_action_prints_is_no_answer(tmp_path: Path) -> None:
    (answer,) = served(["--out", str(tmp_path / "x"), "print"], requestId=7)
    assert answer == {"exitCode": 0, "output": "printed\n", "requestId": 7}


def test_arguments_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "params").write_text(f"--out\n{tmp_path}/with blank\nx\n")
    assert tool(f"@{tmp_path}/params").returncode == 0
    assert (tmp_path / "with blank").read_text() == "x"
