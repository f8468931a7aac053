"""In which column each box of a graph is: the further from the distributions, the further to the right."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tools.why.graph import Graph

_MIN_ROWS, _ROWS = 12, 2.4


def ranks(graph: Graph) -> list[int]:
    """The longest path to each node, without the arrows that close a circle; what ends is last."""
    after: dict[int, list[int]] = {}
    for arrow in graph.arrows:
        after.setdefault(arrow.source, []).append(arrow.target)
    order: list[int] = []
    state: dict[int, int] = {}
    forward: list[tuple[int, int]] = []
    sources = sorted(range(len(graph.nodes)), key=lambda node: graph.nodes[node].kind != "distribution")
    for root in sources:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(after.get(root, ())))]
        while stack:
            node, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                stack.pop()
                state[node] = 2
                order.append(node)
            elif state.get(target) != 1:
                forward.append((node, target))
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(after.get(target, ()))))
    found = [0] * len(graph.nodes)
    following: dict[int, list[int]] = {}
    for source, target in forward:
        following.setdefault(source, []).append(target)
    for node in reversed(order):
        for target in following.get(node, ()):
            found[target] = max(found[target], found[node] + 1)
    ends = [number for number, node in enumerate(graph.nodes) if node.end]
    inner = [rank for number, rank in enumerate(found) if number not in ends]
    last = max(inner, default=-1) + 1
    for number in ends:
        found[number] = last
    return found


def split(graph: Graph, ranked: Sequence[int]) -> list[list[int]]:
    """The columns: a rank is one, or several when it is long, with what leads to the next on the right."""
    most = max(_MIN_ROWS, math.ceil(_ROWS * math.sqrt(len(graph.nodes))))
    far = {arrow.source for arrow in graph.arrows if not graph.nodes[arrow.target].end}
    columns: list[list[int]] = []
    for rank in sorted(set(ranked)):
        nodes = [node for node, each in enumerate(ranked) if each == rank]
        nodes.sort(key=lambda node: (node in far, node))
        size = math.ceil(len(nodes) / math.ceil(len(nodes) / most))
        columns += [nodes[start : start + size] for start in range(0, len(nodes), size)]
    return columns
