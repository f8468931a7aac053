"""The drawn graph: all is in it, no text lies on another, and it is the same each time."""

from __future__ import annotations

import os
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from tools.lib_closure.cases import library, package, resolved, wheel
from tools.lib_closure.closure import Closure
from tools.why.examples import big, picture, small
from tools.why.graph import Graph, graph
from tools.why.index import Index
from tools.why.layout import arrange
from tools.why.ranks import ranks
from tools.why.style import NAME_SIZE, SMALL_SIZE, TITLE_SIZE
from tools.why.svg import drawn
from tools.why.widths import trimmed, width

SVG = "{http://www.w3.org/2000/svg}"
SIZES = {"title": TITLE_SIZE, "small": SMALL_SIZE, None: NAME_SIZE}
CLOSURES: dict[str, Closure] = {
    "nothing": resolved(),
    "one": resolved(wheel("pkg", "1.0", {"pkg/a.so": library("libc.so.6")})),
    "small": small(),
    "long names": resolved(
        wheel("a" * 90, "1.0+local" * 9, {"a/a.so": library("libGL.so.1", "libc.so.6")}),
        added=(package("libgl1", "1.6.0-1" * 9, file="libGL.so.1"),),
    ),
    "many distributions": big(120, 4, seed=1),
    "many packages": big(30, 120, seed=2),
}


@dataclass(frozen=True)
class Area:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Area) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: Area) -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


def draw(closure: Closure, *names: str) -> tuple[Graph, ET.Element]:
    index = Index(closure)
    made = graph(index, [match for name in names for match in index.matches(name)])
    return made, ET.fromstring(drawn(made, "//app:train_py311 (amd64)"))


def offsets(root: ET.Element) -> dict[ET.Element, float]:
    """How far down elements are moved."""
    found: dict[ET.Element, float] = {}

    def walk(element: ET.Element, offset: float) -> None:
        moved = re.fullmatch(r"translate\(0 ([0-9.]+)\)", element.get("transform", ""))
        offset += float(moved[1]) if moved else 0
        found[element] = offset
        for child in element:
            walk(child, offset)

    walk(root, 0)
    return found


def texts(root: ET.Element) -> list[Area]:
    down = offsets(root)
    areas = []
    for element in root.iter(f"{SVG}text"):
        size = SIZES[element.get("class")]
        x, y = float(element.attrib["x"]), float(element.attrib["y"]) + down[element]
        long = width(element.text or "", size, bold=element.get("class") == "title")
        areas.append(Area(x, y - size * 0.8, x + long, y + size * 0.2))
    return areas


def boxes(root: ET.Element) -> list[Area]:
    down = offsets(root)
    return [
        Area(x, y, x + float(box.attrib["width"]), y + float(box.attrib["height"]))
        for box in root.iter(f"{SVG}rect")
        if (box.get("class") or "").startswith("box")
        for x, y in [(float(box.attrib["x"]), float(box.attrib["y"]) + down[box])]
    ]


@pytest.mark.parametrize("closure", CLOSURES.values(), ids=CLOSURES)
def test_nothing_lies_on_anything_else(closure: Closure) -> None:
    _, root = draw(closure)
    found, frames = texts(root), boxes(root)
    assert all(frame.right - frame.left < 350 for frame in frames)
    page = Area(0, 0, float(root.attrib["width"]), float(root.attrib["height"]))
    assert all(page.holds(each) for each in [*found, *frames])
    assert not [(one, two) for one, two in combinations(found, 2) if one.meets(two)]
    assert not [(one, two) for one, two in combinations(frames, 2) if one.meets(two)]
    assert all(frame.holds(text) or not frame.meets(text) for text in found for frame in frames)


@pytest.mark.parametrize("closure", CLOSURES.values(), ids=CLOSURES)
def test_all_nodes_and_what_they_are_needed_for_are_there(closure: Closure) -> None:
    made, root = draw(closure)
    nodes = [group for group in root.iter(f"{SVG}g") if group.get("class") == "node"]
    assert sorted((group.get("data-kind"), group.get("data-name")) for group in nodes) == sorted(
        (node.kind, node.name) for node in made.nodes
    )
    titles = {(title.text or "") for title in root.iter(f"{SVG}title")}
    for node in made.nodes:
        assert (
            f"{node.name} {node.version}".rstrip() + "".join(f"\n{each}" for each in node.sonames) in titles
        )
    names = {edge.owner.partition(" ")[0] for edge in closure.edges}
    names |= {edge.provider.partition(" ")[0] for edge in closure.edges if edge.provider and edge.found}
    assert names <= {node.name for node in made.nodes}


@pytest.mark.parametrize("closure", CLOSURES.values(), ids=CLOSURES)
def test_lines_join_neighbours_without_gaps(closure: Closure) -> None:
    """Each arrow can be followed, through the ways that it shares with others, from its box to the other."""
    made, _ = draw(closure)
    layout = arrange(made, [30.0] * len(made.nodes))
    following: dict[tuple[int, int], set[int]] = {}
    for segment in layout.segments:
        following.setdefault((segment.column, segment.start), set()).add(segment.end)
    places = {item: number for number, column in enumerate(layout.columns) for item in column if item >= 0}
    for number, arrow in enumerate(made.arrows):
        if number in layout.back:
            continue
        at: int = arrow.source
        for column in range(places[arrow.source], places[arrow.target]):
            there = following[column, at] & {arrow.target, -1 - arrow.target}
            assert len(there) == 1
            at = there.pop()
        assert at == arrow.target
    for number, items in enumerate(layout.columns):
        assert all(layout.middles[number, one] < layout.middles[number, two] for one, two in pairwise(items))


def test_only_circles_go_back() -> None:
    for closure in CLOSURES.values():
        made, _ = draw(closure)
        places = ranks(made)
        after: dict[int, set[int]] = {}
        for arrow in made.arrows:
            after.setdefault(arrow.source, set()).add(arrow.target)
        for arrow in made.arrows:
            if places[arrow.source] >= places[arrow.target]:
                reached, waiting = {arrow.target}, [arrow.target]
                while waiting:
                    new = after.get(waiting.pop(), set()) - reached
                    reached |= new
                    waiting += sorted(new)
                assert arrow.source in reached


def test_it_is_the_same_each_time() -> None:
    first, second = (drawn(graph(Index(big(40, 40, seed=5))), "x") for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("name", "nodes"),
    [
        ("libglx0", {"opencv-python", "libgl1", "libglx0"}),
        ("libgomp1", {"lightgbm", "torch", "libgomp1"}),
        ("numba", {"numba", "libc6", "libstdc++6", "libtbb.so.12"}),
        ("libtbb.so.12", {"numba", "libtbb.so.12"}),
        ("vision/_C.so", {"vision", "torch"}),
        ("libgomp.so.1", {"lightgbm", "torch", "libgomp1"}),
    ],
)
def test_only_what_leads_to_a_name_is_drawn(name: str, nodes: set[str]) -> None:
    made, _ = draw(small(), name)
    assert {node.name for node in made.nodes} == nodes


def test_statuses_are_told_by_colour_with_a_legend() -> None:
    made, root = draw(small())
    assert {node.kind for node in made.nodes} == {
        *("apt", "base", "distribution", "driver", "nvidia", "plugin", "unresolved")
    }
    words = {element.text for element in root.iter(f"{SVG}text")}
    assert {"libGL.so.1", "libGLX.so.0", "libcuda.so.1"} <= words
    assert {"unresolved", "driver, never installed", "in the base image", "loaded before"} <= words
    assert "(prefers-color-scheme:dark)" in next(root.iter(f"{SVG}style")).text  # type: ignore[operator]


def test_text_is_trimmed_to_fit() -> None:
    assert trimmed("libGL.so.1", 10, 200) == "libGL.so.1"
    short = trimmed("libGL.so.1, libGLX.so.0, libEGL.so.1", 10, 100)
    assert short.startswith("libGL.so.1")
    assert short.endswith("…")
    assert width(short, 10) <= 100


def test_the_picture_in_the_guide_is_what_would_be_drawn() -> None:
    drawn_then = Path(os.environ.get("WHY_PICTURE", "docs/why.svg")).read_text(encoding="utf-8")
    assert drawn_then == picture(), "draw it again: python3 -m tools.why.examples > docs/why.svg"
