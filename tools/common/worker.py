"""Lets one process do many actions, as starting Python takes longer than most of them.

A tool of many small actions ends with `run_actions(main)` in place of `run`; `main` gets the arguments. The
rule gives its action `execution_requirements = WORKER` (worker.bzl) and one parameter file. Where Bazel has
no workers (remote execution, `--spawn_strategy=sandboxed`) each action is a process of its own, with the same
result.

The protocol is Bazel's for persistent workers, in JSON: each request is a line on stdin, each response one on
stdout.
"""

import contextlib
import io
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from tools.common.errors import ToolError, run, shown

Main = Callable[[Sequence[str]], None]

_FLAG = "--persistent_worker"


def run_actions(main: Main) -> NoReturn:
    """Does the action that the command line describes, or all that Bazel asks for."""
    arguments = sys.argv[1:]
    if _FLAG in arguments:
        run(lambda: serve(main, sys.stdin, sys.stdout))
    if len(arguments) == 1 and arguments[0].startswith("@"):
        arguments = Path(arguments[0][1:]).read_text(encoding="utf-8").splitlines()
    run(lambda: main(arguments))


def serve(main: Main, requests: TextIO, responses: TextIO) -> None:
    """Answers each request. Nothing that an action prints may reach stdout, which belongs to the protocol."""
    for line in requests:
        request = json.loads(line)
        code, output = _answer(main, request.get("arguments", []))
        response = {"exitCode": code, "output": output, "requestId": request.get("requestId", 0)}
        responses.write(json.dumps(response) + "\n")
        responses.flush()


def _answer(main: Main, arguments: Sequence[str]) -> tuple[int, str]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            main(arguments)
            code = 0
        except (ToolError, OSError) as error:
            print(shown(error))
            code = 1
        except SystemExit as error:  # argparse
            code = error.code if isinstance(error.code, int) else 1
        except Exception:  # noqa: BLE001 - a bug ends its action, not the worker
            traceback.print_exc()
            code = 1
    return code, printed.getvalue()
