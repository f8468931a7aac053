"""What a benchmark has measured, as a table, and what became of its goals."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A figure that was to be at most `most`; `text` says that in words."""

    value: float
    what: str
    most: float
    text: str

    def __str__(self) -> str:
        reached = "reached" if self.value <= self.most else "missed "
        return f"{reached}  {self.value:6.3f} {self.what}, {self.text}"


def count(text: str) -> int:
    """A number of runs, or of something else that is at least one, from a command line."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text} is no number that is at least one")
    return int(text)


def table(
    seconds: Mapping[str, Sequence[float]],
    baseline: str,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    *,
    digits: int = 1,
) -> str:
    """Each series with its median, its extremes and its median's ratio to the baseline's.

    Args:
        seconds: the series.
        baseline: one of them.
        columns: more columns, by name; each has a cell for each series.
        digits: how many there are after the point.
    """
    base = statistics.median(seconds[baseline])
    more = columns or {}
    rows = [["", "median", "least", "most", "ratio", *more]]
    for name, values in seconds.items():
        median = statistics.median(values)
        figures = [f"{each:.{digits}f} s" for each in (median, min(values), max(values))]
        rows.append([name, *figures, f"{median / base:.2f}", *(cells[name] for cells in more.values())])
    first, *widths = (max(map(len, column)) for column in zip(*rows, strict=True))
    return "\n".join(
        "  ".join(
            [row[0].ljust(first), *(cell.rjust(width) for cell, width in zip(row[1:], widths, strict=True))]
        )
        for row in rows
    )
