"""Draws a graph as SVG, which needs no program, follows dark and light, and is the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from tools.lib_closure import closure as c
from tools.why.graph import Arrow, Graph, Node
from tools.why.layout import Layout, arrange
from tools.why.style import NAME_SIZE, SMALL_SIZE, TITLE_SIZE, style
from tools.why.widths import trimmed, width

_MARGIN, _PAD, _MOST_WIDE = 20.0, 9.0, 300.0
_ONE_LINE, _TWO_LINES = 24.0, 38.0
_COLUMN_GAP, _LEGEND_LINE = 84.0, 20.0

_BOXES = {
    "distribution": "distribution",
    c.APT: "Debian package on top of the base",
    c.BASE: "in the base image",
    c.NVIDIA: "NVIDIA’s wheel",
    c.DRIVER: "driver, never installed",
    c.PLUGIN: "not there, optional",
    c.UNRESOLVED: "unresolved",
}
_LINES = {
    c.SIBLING: "in another wheel",
    c.NVIDIA: "loaded from NVIDIA’s wheel first",
    c.PRELOAD: "loaded before",
}


@dataclass(frozen=True)
class _Box:
    """A node with its text, trimmed to fit."""

    node: Node
    name: str
    version: str
    below: str

    @property
    def width(self) -> float:
        upper = width(self.name, NAME_SIZE) + (6 + width(self.version, SMALL_SIZE) if self.version else 0)
        return max(upper, width(self.below, SMALL_SIZE)) + 2 * _PAD

    @property
    def height(self) -> float:
        return _TWO_LINES if self.below else _ONE_LINE


def drawn(graph: Graph, title: str) -> str:
    """The SVG.

    Args:
        graph: what to draw.
        title: what is above it.
    """
    boxes = [_box(node) for node in graph.nodes]
    layout = arrange(graph, [box.height for box in boxes])
    starts, ends = _columns(layout, boxes)
    legend = list(_legend(graph))
    wide = max([ends[-1] if ends else 0.0, width(title, TITLE_SIZE, bold=True) + _MARGIN, *_widths(legend)])
    wide += _MARGIN
    rows = _rows(legend, wide)
    top = _MARGIN + TITLE_SIZE + 18
    high = top + layout.height + 18 + len(rows) * _LEGEND_LINE + _MARGIN / 2
    size = f"{_n(wide)} {_n(high)}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {size}" {_size(wide, high)}>',
        f"<title>{escape(title)}</title>",
        style(),
        f'<rect class="page" {_size(wide, high)}/>',
        f'<text class="title" x="{_n(_MARGIN)}" y="{_n(_MARGIN + TITLE_SIZE)}">{escape(title)}</text>',
        f'<g transform="translate(0 {_n(top)})">',
        *_draw_lines(graph, layout, starts, ends, boxes),
        *_draw_boxes(graph, layout, starts, boxes),
        "</g>",
        *_draw_legend(rows, top + layout.height + 18),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(node: Node) -> _Box:
    name = trimmed(node.name, NAME_SIZE, _MOST_WIDE)
    rest = _MOST_WIDE - width(name, NAME_SIZE)
    version = trimmed(node.version, SMALL_SIZE, rest) if node.version and rest > 4 * SMALL_SIZE else ""
    return _Box(node, name, version, trimmed(", ".join(node.sonames), SMALL_SIZE, _MOST_WIDE / 1.5))


def _columns(layout: Layout, boxes: Sequence[_Box]) -> tuple[list[float], list[float]]:
    """Where the columns begin and end."""
    starts, ends, here = [], [], _MARGIN
    for column in layout.columns:
        starts.append(here)
        ends.append(here + max((boxes[item].width for item in column if item >= 0), default=0.0))
        here = ends[-1] + _COLUMN_GAP
    return starts, ends


def _draw_lines(
    graph: Graph, layout: Layout, starts: Sequence[float], ends: Sequence[float], boxes: Sequence[_Box]
) -> Iterator[str]:
    """The lines from box to box; each part that leaves a box tells of its arrow."""
    hints: dict[int, list[Arrow]] = {}
    for arrow in graph.arrows:
        hints.setdefault(arrow.target, []).append(arrow)
    # What comes with the base is below the other lines.
    for segment in sorted(layout.segments, key=lambda each: graph.arrows[each.arrow].status != c.BASE):
        arrow = graph.arrows[segment.arrow]
        left = (
            ends[segment.column]
            if segment.start < 0
            else _right_of(segment.column, starts, boxes[segment.start])
        )
        right = starts[segment.column + 1]
        y1 = layout.middles[segment.column, segment.start]
        y2 = layout.middles[segment.column + 1, segment.end]
        curve = f"M{_n(left)} {_n(y1)}H{_n(ends[segment.column])}" + _curve(
            ends[segment.column], y1, right, y2
        )
        if segment.end < 0:
            curve += f"H{_n(ends[segment.column + 1])}"
        text = _told(graph, arrow) if segment.start >= 0 else _target_told(graph, hints[arrow.target])
        yield _path(arrow.status, curve, text)
    for number in layout.back:
        arrow = graph.arrows[number]
        here, there = (_place(layout, node) for node in (arrow.source, arrow.target))
        x1, x2 = (
            _right_of(at[0], starts, boxes[node])
            for at, node in ((here, arrow.source), (there, arrow.target))
        )
        out = max(x1, x2) + _COLUMN_GAP / 3
        y1, y2 = here[1] + 4, there[1] - 4
        curve = f"M{_n(x1)} {_n(y1)}C{_n(out)} {_n(y1)} {_n(out)} {_n(y2)} {_n(x2)} {_n(y2)}"
        yield _path(arrow.status, curve, _told(graph, arrow))


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    middle = (x1 + x2) / 2
    return f"C{_n(middle)} {_n(y1)} {_n(middle)} {_n(y2)} {_n(x2)} {_n(y2)}"


def _path(status: str, curve: str, text: str) -> str:
    return f'<path class="line l-{status}" d="{curve}"><title>{escape(text)}</title></path>'


def _right_of(column: int, starts: Sequence[float], box: _Box) -> float:
    return starts[column] + box.width


def _place(layout: Layout, node: int) -> tuple[int, float]:
    return next((column, middle) for (column, item), middle in layout.middles.items() if item == node)


def _told(graph: Graph, arrow: Arrow) -> str:
    source, target = graph.nodes[arrow.source], graph.nodes[arrow.target]
    files = "\n".join(arrow.files[:10])
    more = f"\nand {len(arrow.files) - 10} more" if len(arrow.files) > 10 else ""
    return f"{source.name} needs {', '.join(arrow.sonames)} of {target.name} ({arrow.status})\n{files}{more}"


def _target_told(graph: Graph, arrows: Sequence[Arrow]) -> str:
    target = graph.nodes[arrows[0].target]
    names = ", ".join(graph.nodes[arrow.source].name for arrow in arrows)
    return f"{target.name} is needed by {names}"


def _draw_boxes(
    graph: Graph, layout: Layout, starts: Sequence[float], boxes: Sequence[_Box]
) -> Iterator[str]:
    entered = {arrow.target: arrow.status for arrow in reversed(graph.arrows)}
    back = {graph.arrows[number].target for number in layout.back}
    for column, items in enumerate(layout.columns):
        for item in items:
            if item < 0:
                continue
            box, x, y = boxes[item], starts[column], layout.middles[column, item]
            if item in entered and item not in back:
                yield (f'<path class="head h-{entered[item]}" d="M{_n(x)} {_n(y)}l-7 -3.5v7z"/>')
            yield from _draw_box(box, x, y - box.height / 2)


def _draw_box(box: _Box, x: float, y: float) -> Iterator[str]:
    node = box.node
    missing = " missing" if node.missing else ""
    title = f"{node.name} {node.version}".rstrip() + "".join(f"\n{each}" for each in node.sonames)
    yield f'<g class="node" data-name={quoteattr(node.name)} data-kind="{node.kind}">'
    yield f"<title>{escape(title)}</title>"
    yield (
        f'<rect class="box b-{node.kind}{missing}" x="{_n(x)}" y="{_n(y)}" rx="5" '
        f"{_size(box.width, box.height)}/>"
    )
    yield f'<text x="{_n(x + _PAD)}" y="{_n(y + 16)}">{escape(box.name)}</text>'
    if box.version:
        at = x + _PAD + width(box.name, NAME_SIZE) + 6
        yield f'<text class="small" x="{_n(at)}" y="{_n(y + 16)}">{escape(box.version)}</text>'
    if box.below:
        yield f'<text class="small" x="{_n(x + _PAD)}" y="{_n(y + 30)}">{escape(box.below)}</text>'
    yield "</g>"


def _legend(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """What the colours mean, of those that are there: box or line, status, meaning."""
    kinds = {node.kind for node in graph.nodes}
    statuses = {arrow.status for arrow in graph.arrows}
    for kind, meaning in _BOXES.items():
        if kind in kinds:
            yield "box", kind, meaning
    for status, meaning in _LINES.items():
        if status in statuses:
            yield "line", status, meaning


def _widths(legend: Sequence[tuple[str, str, str]]) -> list[float]:
    return [28 + width(meaning, SMALL_SIZE) + 22 for _, _, meaning in legend]


def _rows(
    legend: Sequence[tuple[str, str, str]], wide: float
) -> list[list[tuple[float, tuple[str, str, str]]]]:
    """The legend in lines that fit, each entry with where it begins."""
    rows: list[list[tuple[float, tuple[str, str, str]]]] = []
    here = wide
    for entry, size in zip(legend, _widths(legend), strict=True):
        if here + size > wide - _MARGIN / 2:
            rows.append([])
            here = _MARGIN
        rows[-1].append((here, entry))
        here += size
    return rows


def _draw_legend(rows: Sequence[Sequence[tuple[float, tuple[str, str, str]]]], top: float) -> Iterator[str]:
    for number, row in enumerate(rows):
        y = top + number * _LEGEND_LINE
        for x, (form, status, meaning) in row:
            if form == "box":
                yield f'<rect class="box b-{status}" x="{_n(x)}" y="{_n(y)}" width="22" height="12" rx="3"/>'
            else:
                yield f'<path class="line l-{status}" d="M{_n(x)} {_n(y + 6)}h22"/>'
            yield f'<text class="small" x="{_n(x + 28)}" y="{_n(y + 10)}">{escape(meaning)}</text>'


def _size(wide: float, high: float) -> str:
    return f'width="{_n(wide)}" height="{_n(high)}"'


def _n(number: float) -> str:
    """A number in as few digits as a pixel needs."""
    return f"{number:.1f}".removesuffix(".0")
