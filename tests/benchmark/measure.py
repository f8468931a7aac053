"""Runs a program on one core and says what it took."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError


@dataclass(frozen=True)
class Run:
    """Seconds on the clock, seconds of CPU time, and the most memory of one process, in bytes."""

    wall: float
    cpu: float
    memory: int


def measure(command: Sequence[str | Path], variables: Mapping[str, str] | None = None) -> Run:
    """Runs a program, with all that it starts, on one core.

    Raises:
        ToolError: it fails.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})  # children inherit it
    start = time.monotonic()
    try:
        process = os.posix_spawnp(
            str(command[0]), [str(word) for word in command], {**os.environ, **(variables or {})}
        )
        _, status, usage = os.wait4(process, 0)
    finally:
        os.sched_setaffinity(0, before)
    if status:
        raise ToolError(f"{' '.join(map(str, command[:4]))} ... exits {os.waitstatus_to_exitcode(status)}")
    return Run(time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10)


def python(*arguments: str | Path) -> Run:
    """Runs this Python, with the modules that this program has."""
    return measure([sys.executable, *arguments], {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
