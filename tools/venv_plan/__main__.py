"""Proposes layers for a virtual environment, as text to paste into `layers`.

    bazel run //:train_venv_plan
    bazel run //:train_venv_plan -- --most 5 --json

It goes by the compressed size of each distribution, and by how often its pin changed in the last year of the
locks in this workspace's git history. Bazel says by the variable VENV_PLAN which file lists the parts; the
rule is //venv/private:venv_plan.bzl.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from tools.common.errors import ToolError, run
from tools.common.names import canonical
from tools.venv_part.facts import read_facts
from tools.venv_plan.groups import Distribution, Group, propose
from tools.venv_plan.history import History, read_history
from tools.venv_plan.report import Plan, dumps, text


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the proposal."""
    parser = argparse.ArgumentParser(
        prog="bazel run NAME_plan --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--most", type=_count, default=8, metavar="N", help="at most N layers (default: 8)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(arguments)
    file = os.environ.get("VENV_PLAN")
    if not file:
        raise ToolError("it is not known which environment", remedy="Start it with: bazel run NAME_plan")
    plan = _plan(json.loads(Path(file).read_text(encoding="utf-8")), args.most)
    print(dumps(plan) if args.json else text(plan))


def _count(word: str) -> int:
    if not word.isdecimal() or not 1 <= int(word) <= 127:
        raise argparse.ArgumentTypeError(f"{word} is no number of layers from 1 to 127")
    return int(word)


def _plan(listed: dict[str, list[dict[str, str | list[str]]]], most: int) -> Plan:
    """The plan for what a file lists: `layers`, each with its name, and files of its parts."""
    sizes: dict[str, tuple[str, int]] = {}
    homes: dict[str, str] = {}
    for part in listed["parts"]:
        facts = read_facts(Path(str(part["facts"])))
        name = canonical(facts.name)
        sizes[name] = facts.version, sum(Path(file).stat().st_size for file in part["files"])
        homes[name] = str(part["layer"])
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    pins = {name: version for name, (version, _) in sizes.items()}
    history = read_history(Path(workspace), pins) if workspace else History(problem="there is no workspace")
    distributions = tuple(
        # Without a history each is changed by itself, once a month.
        Distribution(name, version, size, history.changes.get(name, frozenset()))
        if history.problem is None
        else Distribution(name, version, size, frozenset(f"{name} {month}" for month in range(12)))
        for name, (version, size) in sorted(sizes.items())
    )
    present = {
        layer: Group(tuple(each for each in distributions if homes[each.name] == layer))
        for layer in dict.fromkeys(homes.values())
    }
    return Plan(distributions, present, tuple(propose(distributions, most)), history)


if __name__ == "__main__":
    run(main)
