"""The launcher's one kind of error: what is wrong, where, and what to do about it.

It mirrors `tools/common/errors.py`, which needs a newer Python than the bare host may have.
"""

from __future__ import annotations


class LauncherError(Exception):
    """A problem that the user can solve; `bazelw` prints it once and exits with 1."""

    def __init__(self, problem: str, *, file: str | None = None, remedy: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.file = file
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.file}: " if self.file else ""
        todo = "\n  " + self.remedy.replace("\n", "\n  ") if self.remedy else ""
        return f"bazelw: error: {where}{self.problem}{todo}"
