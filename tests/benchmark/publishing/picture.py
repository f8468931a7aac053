"""A picture of the contest: for each scenario a bar a side, for seconds and for bytes pushed.

From no-op to cold there are orders of magnitude, so each scenario has a scale of its own: the longer bar has
the whole width, and the figures stand beside.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.sax.saxutils import escape

from tests.benchmark.publishing.contest import SCENARIOS, Results
from tests.benchmark.publishing.results import Value, median, sent, shown_seconds, shown_size
from tests.benchmark.publishing.results import seconds as total
from tests.benchmark.publishing.sides import BAZEL, PODMAN

_NAMES, _PLOT, _FIGURES, _ROW, _BAR, _TOP = 240, 230, 80, 52, 18, 84
_FONT = 'font-family="sans-serif" font-size="13"'
_COLOURS = {PODMAN: "#c9b8d8", BAZEL: "#5b9f6b"}


def picture(title: str, results: Results) -> str:
    """Draws the medians of all scenarios that were run."""
    scenarios = [each for each in SCENARIOS if each in results]
    width, height = _NAMES + 2 * (_PLOT + _FIGURES), _TOP + _ROW * len(scenarios) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {_FONT}>',
        '<rect width="100%" height="100%" fill="white"/>',
        _text(10, 26, title, 'font-size="16"'),
    ]
    for number, (side, colour) in enumerate(_COLOURS.items()):
        x = 10 + 90 * number
        lines += [f'<rect x="{x}" y="48" width="14" height="14" fill="{colour}"/>', _text(x + 20, 60, side)]
    for column, head in enumerate(("seconds, build and push", "bytes pushed")):
        lines.append(_text(_NAMES + column * (_PLOT + _FIGURES), 60, head, 'fill="#555"'))
    for number, scenario in enumerate(scenarios):
        y = _TOP + _ROW * number
        lines.append(_text(_NAMES - 12, y + _BAR + 4, SCENARIOS[scenario], 'text-anchor="end"'))
        lines += _bars(results, scenario, _NAMES, y, total, shown_seconds)
        lines += _bars(results, scenario, _NAMES + _PLOT + _FIGURES, y, sent, shown_size)
    return "\n".join([*lines, "</svg>", ""])


def _bars(
    results: Results, scenario: str, x: int, y: int, value: Value, show: Callable[[float], str]
) -> list[str]:
    found = {side: median(results, scenario, side, value) for side in _COLOURS}
    values = {side: each for side, each in found.items() if each is not None}
    longest = max(values.values(), default=0) or 1
    lines = []
    for number, (side, each) in enumerate(values.items()):
        top, length = y + number * (_BAR + 2), each / longest * _PLOT
        bar = f'<rect x="{x}" y="{top}" width="{length:.1f}" height="{_BAR}" fill="{_COLOURS[side]}"/>'
        lines += [bar, _text(round(x + length + 6), top + 14, show(each))]
    return lines


def _text(x: int, y: int, text: str, attributes: str = "") -> str:
    return f'<text x="{x}" y="{y}"{" " if attributes else ""}{attributes}>{escape(text)}</text>'
