"""The one kind of failure that these programs report themselves: printed once, exit code 1, no traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable


class ToolError(Exception):
    """What went wrong, in which file, and what to do about it."""

    def __init__(self, problem: str, *, file: object = None, remedy: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.file = file
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.file}: {self.problem}" if self.file is not None else self.problem
        return f"{text}\n  {self.remedy}" if self.remedy else text


def run(main: Callable[[list[str]], int]) -> None:
    """Call `main` with the command line and leave the process with its exit code."""
    try:
        code = main(sys.argv[1:])
    except ToolError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 1
    except OSError as error:
        print(f"error: {error.filename or 'input/output'}: {error.strerror}", file=sys.stderr)
        code = 1
    sys.exit(code)
