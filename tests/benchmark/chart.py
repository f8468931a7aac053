"""A chart as SVG: one bar a series as long as its median, and a dot for each run."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_LABELS, _PLOT, _ROW, _TOP = 230, 480, 44, 50
_FONT = 'font-family="sans-serif" font-size="13"'


def chart(title: str, seconds: Mapping[str, Sequence[float]]) -> str:
    """Draws the series in their order."""
    scale = _PLOT / (max(max(values) for values in seconds.values()) or 1.0)
    height = _TOP + _ROW * len(seconds) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LABELS + _PLOT + 80}" height="{height}" {_FONT}>',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="26" font-size="16">{escape(title)}</text>',
    ]
    for number, (name, values) in enumerate(seconds.items()):
        middle = _TOP + _ROW * number + _ROW // 2
        median = statistics.median(values)
        reach = _LABELS + max(values) * scale
        lines += [
            f'<text x="{_LABELS - 10}" y="{middle + 5}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LABELS}" y="{middle - 12}" width="{median * scale:.1f}" height="24" fill="#9bd"/>',
            *(_dot(_LABELS + each * scale, middle) for each in values),
            f'<text x="{reach + 8:.1f}" y="{middle + 5}">{median:.1f} s</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def _dot(x: float, y: int) -> str:
    return f'<circle cx="{x:.1f}" cy="{y}" r="3" fill="#1f3f66"/>'
