"""CPU time of what a turn starts: less at the mercy of other programs on the machine than a clock is.

It is the time of ended children, and that of servers with all below them, which are no children of ours.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def seconds(servers: Iterable[int]) -> float:
    """Since this process started; the difference of two calls is what lay between.

    Args:
        servers: their process numbers; who has ended since counts no longer.
    """
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime + sum(_tree(servers))


def _tree(roots: Iterable[int]) -> Iterable[float]:
    """The time of each process of the trees, with that of its children that have ended."""
    children: dict[int, list[int]] = {}
    taken: dict[int, float] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            try:
                # After the name, which may have anything in it: state, parent, and so on; see proc(5).
                fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            children.setdefault(int(fields[1]), []).append(int(folder.name))
            taken[int(folder.name)] = sum(map(int, fields[11:15])) / _TICKS
    waiting = list(roots)
    while waiting:
        each = waiting.pop()
        waiting += children.get(each, [])
        yield taken.get(each, 0.0)
