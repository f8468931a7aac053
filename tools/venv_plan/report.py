"""What the plan says: tables, and text to paste."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.venv_plan.groups import Distribution, Group, patterns, pushed
from tools.venv_plan.history import History

_MONTH = 365 / 12


@dataclass(frozen=True)
class Plan:
    """The distributions, the layers as they are, by name ("" is the rest), and those that are proposed."""

    distributions: tuple[Distribution, ...]
    present: Mapping[str, Group]
    proposed: tuple[Group, ...]
    history: History

    def pushed(self) -> dict[str, int]:
        """Bytes pushed again a month, by what the layers are."""
        ways = {
            "one layer": [Group(self.distributions)],
            "layers as they are": list(self.present.values()),
            "layers proposed": list(self.proposed),
        }
        months = max(1.0, self.history.days / _MONTH)
        return {way: round(pushed(groups) / months) for way, groups in ways.items()}

    def layers(self) -> dict[str, list[str]]:
        """The attribute `layers`; the last group is the rest, where what is new goes too."""
        return {group.name: patterns(group, self.proposed) for group in self.proposed[:-1]}


def text(plan: Plan) -> str:
    """For people."""
    ordered = sorted(plan.distributions, key=lambda each: (-each.size, each.name))
    rows = [("distribution", "version", "MB", "changes")]
    rows += [
        (each.name, each.version, _megabytes(each.size), str(len(each.commits)) if _known(plan) else "?")
        for each in ordered
    ]
    changes = [(way, f"{_megabytes(size)} MB") for way, size in plan.pushed().items()]
    return "\n".join(
        [
            *_columns(rows, 2),
            "",
            _said(plan.history),
            "",
            f"Pushed again {'a month' if _known(plan) else 'if each pin changes once a month'}, compressed:",
            *(f"  {line}" for line in _columns(changes, 1)),
            "",
            starlark(plan),
        ]
    )


def starlark(plan: Plan) -> str:
    """The attribute, as buildifier formats it."""
    lines = ["layers = {"]
    for group, (name, names) in zip(plan.proposed, plan.layers().items(), strict=False):
        lines += [f"    # {_about(plan, group)}", f'    "{name}": [']
        lines += [f'        "{each}",' for each in names]
        lines += ["    ],"]
    if plan.proposed:
        group = plan.proposed[-1]
        rest = ", ".join(
            each.name for each in sorted(group.members, key=lambda each: (-each.size, each.name))[:5]
        )
        more = f" and {len(group.members) - 5} more" if len(group.members) > 5 else ""
        lines += [f"    # the rest, {_about(plan, group)}: {rest}{more}"]
    return "\n".join([*lines, "},"]) if len(plan.proposed) > 1 else "\n".join(["layers = {},", *lines[1:]])


def dumps(plan: Plan) -> str:
    """For programs."""
    data = {
        "format": 1,
        "days": plan.history.days,
        "distributions": {
            each.name: {"changes": len(each.commits), "size": each.size, "version": each.version}
            for each in plan.distributions
        },
        "layers": plan.layers(),
        "locks": list(plan.history.locks),
        "problem": plan.history.problem,
        "pushed_a_month": plan.pushed(),
        "rest": [each.name for each in plan.proposed[-1].members] if plan.proposed else [],
    }
    return json.dumps(data, indent=2, sort_keys=True)


def _known(plan: Plan) -> bool:
    return plan.history.problem is None


def _about(plan: Plan, group: Group) -> str:
    times = f", changed {group.changes} times" if _known(plan) else ""
    return f"{_megabytes(group.size)} MB{times}"


def _said(history: History) -> str:
    if history.problem:
        return f"By size alone, as if all pins changed equally often: {history.problem}."
    return f"Changes of the last {history.days} days, in {', '.join(history.locks)}."


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"


def _columns(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Columns, of which the first ones are on the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if number < left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
