"""Puts the parts of a virtual environment together: what is in two of them, and which folders they need."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tools.common.errors import ToolError, raise_all
from tools.venv_layer.requires import allows
from tools.venv_part.facts import Facts

# Of the folders above a virtual environment, those that every image's base has.
_OF_THE_BASE = {".", "usr", "usr/share"}


@dataclass(frozen=True)
class Part:
    """A part, and which of its files an earlier one has brought already."""

    facts: Facts
    path: Path
    again: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """A layer: its folders, then its parts."""

    folders: tuple[str, ...]
    parts: tuple[Part, ...]


def plan(parts: Sequence[Part], version: str) -> Plan:
    """Checks that the parts go together.

    Args:
        parts: the venv's skeleton and wheels, in any order.
        version: the version of Python in full.

    Raises:
        ToolError: a wheel is not for this Python, a distribution is there twice, or two parts want the same
            path and not the same file.
    """
    parts = sorted(parts, key=lambda part: (_normal(part.facts.name), part.facts.source))
    problems = [*_for_other_pythons(parts, version), *_twice(parts)]
    raise_all(problems)
    owners: dict[str, Facts] = {}
    kept = []
    for part in parts:
        facts = part.facts
        again = frozenset(path for path in facts.files if path in owners)
        problems += [
            ToolError(
                f"/{path} is in both {owners[path].source} and {facts.source}, and differs",
                remedy="Only one of them can be in this environment: take the other out of the lock.",
            )
            for path in sorted(again)
            if owners[path].files[path] != facts.files[path]
        ]
        owners |= dict.fromkeys(facts.files, facts)
        kept.append(Part(facts, part.path, again))
    folders = _folders(parts)
    problems += [
        ToolError(f"/{path} is a file in {owners[path].source} and a folder in {folders[path].source}")
        for path in sorted(owners.keys() & folders.keys())
    ]
    raise_all(problems)
    return Plan(tuple(sorted(folders.keys() - _OF_THE_BASE)), tuple(kept))


def _for_other_pythons(parts: Sequence[Part], version: str) -> list[ToolError]:
    return [
        ToolError(
            f"{facts.name} {facts.version} requires Python {facts.requires_python}, this is Python {version}",
            file=facts.source,
            remedy="Say in the lock's source which version this Python gets, and write the lock anew.",
        )
        for facts in (part.facts for part in parts)
        if not allows(facts.requires_python, version)
    ]


def _twice(parts: Sequence[Part]) -> list[ToolError]:
    problems = []
    seen: dict[str, Facts] = {}
    for facts in (part.facts for part in parts if part.facts.name):
        other = seen.setdefault(_normal(facts.name), facts)
        if other is not facts:
            problems.append(ToolError(f"{facts.name} is there twice: {other.source} and {facts.source}"))
    return problems


def _folders(parts: Sequence[Part]) -> dict[str, Facts]:
    """Every folder that something is in, and who wants it."""
    folders: dict[str, Facts] = {}
    for facts in (part.facts for part in parts):
        for path in facts.folders:
            folders.setdefault(path, facts)
        for path in [*facts.files, *facts.folders]:
            for parent in PurePosixPath(path).parents:
                folders.setdefault(str(parent), facts)
    return folders


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
