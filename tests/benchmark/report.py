"""What a benchmark has measured, as a table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence


def table(seconds: Mapping[str, Sequence[float]], baseline: str) -> str:
    """Each series with its median, its extremes and its median's ratio to the baseline's."""
    base = statistics.median(seconds[baseline])
    rows = [["", "median", "least", "most", "ratio"]]
    for name, values in seconds.items():
        median = statistics.median(values)
        figures = [f"{each:.1f} s" for each in (median, min(values), max(values))]
        rows.append([name, *figures, f"{median / base:.2f}"])
    first, *widths = (max(map(len, column)) for column in zip(*rows, strict=True))
    return "\n".join(
        "  ".join(
            [row[0].ljust(first), *(cell.rjust(width) for cell, width in zip(row[1:], widths, strict=True))]
        )
        for row in rows
    )
