"""The one way a tool of this repository fails: a ToolError, printed once, exit code 1, no traceback.

A library imports it (`from tools.common.errors import ToolError`) and raises; the tool's `__main__.py`
ends with `run(main)`. A check that can find several problems collects them and calls `raise_all`.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn


class ToolError(Exception):
    """A problem that the user can solve.

    Args:
        problem: what is wrong, with the offending value.
        file: the input in which it was found.
        remedy: what to do about it, best a command to copy.
    """

    def __init__(
        self, problem: str, *, file: str | os.PathLike[str] | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.file = None if file is None else os.fspath(file)
        self.remedy = remedy

    def __str__(self) -> str:
        where = "" if self.file is None else f"{self.file}: "
        todo = "" if self.remedy is None else "\n  " + self.remedy.replace("\n", "\n  ")
        return f"error: {where}{self.problem}{todo}"


class ToolErrors(ToolError):
    """Several problems, found in one pass over the input and shown together."""

    def __init__(self, errors: Sequence[ToolError]) -> None:
        super().__init__(f"{len(errors)} problems")
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def raise_all(errors: Sequence[ToolError]) -> None:
    """Raises what was collected; returns when nothing was."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ToolErrors(errors)


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Has errors of the system name a file: a full disk is noticed by a write, which knows no path."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = os.fspath(path)
        raise


def shown(error: ToolError | OSError) -> str:
    """What a user reads of an error."""
    if isinstance(error, OSError):
        error = ToolError(error.strerror or str(error), file=error.filename)
    return str(error)


def run(main: Callable[[], int | None]) -> NoReturn:
    """Calls `main` and ends the process with its exit code (None is 0), or with 1 and the error on stderr."""
    try:
        code = main() or 0
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read our output has left, as `head` does. Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except (ToolError, OSError) as error:
        print(shown(error), file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
