"""Places the boxes of a graph in columns, so that arrows go to the right and cross seldom.

As Sugiyama, Tagawa and Toda do it: ranks by the longest path; a way through each column for what goes
further; the order within columns by the mean place of neighbours; then heights that keep lines straight. All
arrows to one box share their ways, so that a library that everybody needs has one line at the end and not a
hundred.
Nothing here is random: the same graph has the same picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tools.why.graph import Graph
from tools.why.ranks import ranks, split

_SWEEPS = 12
_WAY_HEIGHT, _GAP = 2.0, 12.0
_WAY_WEIGHT = 3.0  # lines through columns are kept straighter than those that end there

# What is in a column: a node by its place in the graph or, negative, the way to a node: -1 - place.
Item = int


@dataclass(frozen=True)
class Segment:
    """A line between neighbouring columns, from item to item; `arrow` is the place of its first arrow."""

    column: int
    start: Item
    end: Item
    arrow: int


@dataclass(frozen=True)
class Layout:
    """Columns of items, the middle of each item by column and item, lines, and arrows that go back."""

    columns: tuple[tuple[Item, ...], ...]
    middles: Mapping[tuple[int, Item], float]
    segments: tuple[Segment, ...]
    back: tuple[int, ...]
    height: float


def way(target: int) -> Item:
    """The way to a node."""
    return -1 - target


def arrange(graph: Graph, heights: Sequence[float]) -> Layout:
    """Places the boxes.

    Args:
        graph: what to draw.
        heights: of the boxes, by the place of the node.
    """
    columns = split(graph, ranks(graph))
    place = {node: number for number, column in enumerate(columns) for node in column}
    segments: dict[tuple[int, Item, Item], int] = {}
    back = []
    for number, arrow in enumerate(graph.arrows):
        first, last = place[arrow.source], place[arrow.target]
        if first >= last:
            back.append(number)
            continue
        item = arrow.source
        for column in range(first, last):
            following = arrow.target if column + 1 == last else way(arrow.target)
            segments.setdefault((column, item, following), number)
            if following < 0 and following not in columns[column + 1]:
                columns[column + 1].append(following)
            item = following
    lines = tuple(Segment(*key, arrow) for key, arrow in sorted(segments.items()))
    ordered = _order(columns, lines)
    middles = _middles(ordered, lines, heights)
    bottom = max((middle + _height(item, heights) / 2 for (_, item), middle in middles.items()), default=0.0)
    return Layout(tuple(map(tuple, ordered)), middles, lines, tuple(back), bottom)


def _order(columns: list[list[Item]], segments: Sequence[Segment]) -> list[list[Item]]:
    """The columns with few crossings: by the mean place of neighbours, to and fro; the best is kept."""
    left, right = _neighbours(segments)
    columns = [list(column) for column in columns]
    best, fewest = [list(column) for column in columns], _crossings(columns, segments)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        numbers = range(1, len(columns)) if forth else range(len(columns) - 2, -1, -1)
        for number in numbers:
            other = columns[number - 1 if forth else number + 1]
            place = {item: position / max(1, len(other) - 1) for position, item in enumerate(other)}
            near = left if forth else right
            column = columns[number]
            own = {item: position / max(1, len(column) - 1) for position, item in enumerate(column)}
            means = {
                item: _mean([place[each] for each in near.get((number, item), ())], own[item])
                for item in column
            }
            column.sort(key=lambda item, means=means: means[item])  # type: ignore[misc]
        crossings = _crossings(columns, segments)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    return best


def _neighbours(
    segments: Sequence[Segment],
) -> tuple[dict[tuple[int, Item], list[Item]], dict[tuple[int, Item], list[Item]]]:
    """The items that are joined to an item, in the column on its left and on its right."""
    left: dict[tuple[int, Item], list[Item]] = {}
    right: dict[tuple[int, Item], list[Item]] = {}
    for segment in segments:
        right.setdefault((segment.column, segment.start), []).append(segment.end)
        left.setdefault((segment.column + 1, segment.end), []).append(segment.start)
    return left, right


def _crossings(columns: Sequence[Sequence[Item]], segments: Sequence[Segment]) -> int:
    places = [{item: place for place, item in enumerate(column)} for column in columns]
    total = 0
    for number in range(len(columns) - 1):
        ends = [
            places[number + 1][segment.end]
            for segment in sorted(
                (each for each in segments if each.column == number),
                key=lambda each: (places[each.column][each.start], places[each.column + 1][each.end]),
            )
        ]
        seen = [0] * len(columns[number + 1])
        for end in ends:
            total += sum(seen[end + 1 :])
            seen[end] += 1
    return total


def _middles(
    columns: Sequence[Sequence[Item]], segments: Sequence[Segment], heights: Sequence[float]
) -> dict[tuple[int, Item], float]:
    """Where the items are: near the mean of their neighbours, in order, without touching."""
    left, right = _neighbours(segments)
    middles: dict[tuple[int, Item], float] = {}
    for number, column in enumerate(columns):
        spaces = _spaces(column, heights)
        middles |= {
            (number, item): space - spaces[-1] / 2 for item, space in zip(column, spaces, strict=True)
        }
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for number in range(len(columns)) if forth else range(len(columns) - 1, -1, -1):
            column = columns[number]
            wishes = []
            for item in column:
                near = [middles[number - 1, each] for each in left.get((number, item), ())]
                near += [middles[number + 1, each] for each in right.get((number, item), ())]
                wishes.append(_mean(near, middles[number, item]))
            weights = [_WAY_WEIGHT if item < 0 else 1.0 for item in column]
            placed = _spread(wishes, weights, _spaces(column, heights))
            middles |= {(number, item): middle for item, middle in zip(column, placed, strict=True)}
    top = min((middle - _height(item, heights) / 2 for (_, item), middle in middles.items()), default=0.0)
    return {key: middle - top for key, middle in middles.items()}


def _height(item: Item, heights: Sequence[float]) -> float:
    return heights[item] if item >= 0 else _WAY_HEIGHT


def _spaces(column: Sequence[Item], heights: Sequence[float]) -> list[float]:
    """How far below the first one each item of a column has to be at least."""
    spaces = [0.0]
    for above, below in pairwise(column):
        spaces.append(
            spaces[-1] + (_height(above, heights) + _height(below, heights)) / 2 + _gap(above, below)
        )
    return spaces


def _gap(above: Item, below: Item) -> float:
    return _GAP if above >= 0 or below >= 0 else _GAP / 3


def _spread(wishes: Sequence[float], weights: Sequence[float], spaces: Sequence[float]) -> list[float]:
    """The places nearest to the wishes, by least squares, that are as far apart as they have to be."""
    blocks: list[tuple[float, float, int]] = []  # mean of the wishes less the space, weight, members
    for wish, weight, space in zip(wishes, weights, spaces, strict=True):
        mean, heavy, members = wish - space, weight, 1
        while blocks and blocks[-1][0] >= mean:
            above, other, number = blocks.pop()
            mean = (mean * heavy + above * other) / (heavy + other)
            heavy, members = heavy + other, members + number
        blocks.append((mean, heavy, members))
    flat = [mean for mean, _, members in blocks for _ in range(members)]
    return [mean + space for mean, space in zip(flat, spaces, strict=True)]


def _mean(values: Sequence[float], otherwise: float) -> float:
    # `sum` adds otherwise from Python 3.12 on, and the picture has to be the same.
    return math.fsum(values) / len(values) if values else otherwise
