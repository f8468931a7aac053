"""SPDX expressions for what projects call their licences.

The names are in licenses.json. What is not there becomes a LicenseRef with the name that the project uses:
nothing is guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("licenses.json")


@dataclass(frozen=True)
class Licence:
    """An SPDX expression, empty if nothing is known, and what the LicenseRef-s in it stand for."""

    expression: str = ""
    refs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Names as projects write them, in lower case, and what SPDX calls them."""

    names: Mapping[str, str]
    classifiers: Mapping[str, str]
    exceptions: Mapping[str, str]


@cache
def table() -> Table:
    """The table in licenses.json; every SPDX expression in it is a name of itself, too."""
    said = json.loads(_TABLE.read_text(encoding="utf-8"))
    names = {key.lower(): value for key, value in said["names"].items()}
    simple = [value for value in said["names"].values() if " " not in value]
    names |= {value.lower(): value for value in [*simple, *said["itself"]]}
    exceptions = {key.lower(): value for key, value in said["exceptions"].items()}
    return Table(names, said["classifiers"], exceptions)


def named(name: str) -> str:
    """What SPDX calls a licence that a project calls `name`; empty if it is not known."""
    return table().names.get(" ".join(name.split()).lower(), "")


def reference(owner: str, name: str) -> str:
    """The LicenseRef for a licence without a name in SPDX."""
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", f"{owner}-{name}").strip("-.")[:100].rstrip("-.")
    return f"LicenseRef-{slug}"


def joined(expressions: Iterable[str]) -> str:
    """All of the expressions together, each part of them once."""
    parts = {part for each in expressions if each for part in _parts(each)}
    if len(parts) == 1:
        return parts.pop()
    return " AND ".join(f"({each})" if " OR " in each else each for each in sorted(parts))


def _parts(expression: str) -> list[str]:
    return [expression] if " OR " in expression else expression.split(" AND ")
