"""What came of the contest: tables as Markdown has them, and what became of the goals."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence

from tests.benchmark.publishing.contest import COLD, NOOP, PIN, SCENARIOS, Results, Turn
from tests.benchmark.publishing.sides import BAZEL, PODMAN
from tests.benchmark.report import Goal

_SIDES = (PODMAN, BAZEL)
Value = Callable[[Turn], float]


def median(results: Results, scenario: str, side: str, value: Value) -> float | None:
    """The median of a figure over all runs; None where there was no turn."""
    turns = results.get(scenario, {}).get(side, [])
    return statistics.median(map(value, turns)) if turns else None


def ratio(results: Results, scenario: str, value: Value) -> float | None:
    """Ours to podman's."""
    theirs, ours = (median(results, scenario, side, value) for side in _SIDES)
    return None if theirs is None or ours is None else ours / theirs if theirs else None


def seconds(turn: Turn) -> float:
    """From the change to the registry."""
    return turn.seconds


def cpu(turn: Turn) -> float:
    """CPU time."""
    return turn.cpu


def sent(turn: Turn) -> float:
    """Bytes of bodies that the registry was sent."""
    return turn.sent


def shown_seconds(value: float | None) -> str:
    """Seconds for a table."""
    return "" if value is None else f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def shown_size(value: float | None) -> str:
    """Bytes for a table."""
    if value is None:
        return ""
    return f"{value / 1e6:.1f} MB" if value >= 1e6 else f"{value / 1e3:.1f} kB"


def shown_ratio(value: float | None) -> str:
    """A ratio for a table; what is next to nothing keeps two digits that mean something."""
    return "" if value is None else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def comparison(results: Results) -> str:
    """Medians and ratios: seconds in all, bytes pushed, bytes of the image."""
    rows = [["", *_SIDES, "ratio", *(f"{side} pushes" for side in _SIDES), "ratio", *_images()]]
    for scenario in _ran(results):
        row = [SCENARIOS[scenario]]
        for value, show in ((seconds, shown_seconds), (sent, shown_size)):
            row += [show(median(results, scenario, side, value)) for side in _SIDES]
            row.append(shown_ratio(ratio(results, scenario, value)))
        row += [shown_size(median(results, scenario, side, lambda turn: turn.image)) for side in _SIDES]
        rows.append(row)
    return markdown(rows)


def parts(results: Results) -> str:
    """Medians of building and pushing, least and most of both together, and the median of CPU time."""
    rows = [["", "", "build", "of it server's start", "push", "both, least", "most", "CPU time"]]
    for scenario in _ran(results):
        for side in _SIDES:
            turns = results[scenario].get(side, [])
            if not turns:
                continue
            start = median(results, scenario, side, lambda turn: turn.start)
            both = [turn.seconds for turn in turns]
            rows.append(
                [
                    SCENARIOS[scenario],
                    side,
                    shown_seconds(median(results, scenario, side, lambda turn: turn.build)),
                    shown_seconds(start) if start and side == BAZEL else "",
                    shown_seconds(median(results, scenario, side, lambda turn: turn.push)),
                    shown_seconds(min(both)),
                    shown_seconds(max(both)),
                    shown_seconds(median(results, scenario, side, cpu)),
                ]
            )
    return markdown(rows)


def goals(results: Results, wheel: int) -> Iterator[Goal]:
    """What was to be reached, as far as it was tried.

    Args:
        results: of all runs.
        wheel: the size of the wheel whose pin was bumped.
    """
    pushed = median(results, PIN, BAZEL, sent)
    tried = [
        (ratio(results, COLD, seconds), "times podman's time, cold", 1 / 3),
        (ratio(results, NOOP, seconds), "times podman's time, no-op", 1 / 5),
        (None if pushed is None else pushed / wheel, "times the wheel's size pushed, one pin bumped", 1.05),
        (ratio(results, PIN, seconds), "times podman's time, one pin bumped", 1 / 10),
        (ratio(results, PIN, sent), "times podman's bytes, one pin bumped", 1 / 10),
    ]
    for value, what, most in tried:
        if value is not None:
            yield Goal(value, what, most, f"at most {most:.3g}")


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table, aligned to be read as it is; the first row is its head."""
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _images() -> list[str]:
    return [f"{side}'s image" for side in _SIDES]


def _ran(results: Results) -> list[str]:
    return [scenario for scenario in SCENARIOS if scenario in results]
