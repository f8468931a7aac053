"""The list of differences that are meant, and how two trees are held against it.

The list is differences.json. Each entry has `paths` (patterns as of dpkg's path rules, in which `*` matches
slashes too), the kind of `difference` that they may show, and `why`; `suites` and `images` say where, if not
everywhere; `invariant` names what must hold all the same (invariants.py). A pattern that nothing matches is
an error as well, so the list says no more than what is so.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.equivalence.invariants import INVARIANTS, Roots
from tests.equivalence.tree import FIELDS, Node

_VERSION = 1
IMAGE, REFERENCE = "only in the image", "only in the reference"
KINDS = (IMAGE, REFERENCE, *FIELDS)
_KEYS = {"paths", "difference", "suites", "images", "invariant", "why"}


class ListError(Exception):
    """The list itself is wrong."""


@dataclass(frozen=True)
class Difference:
    """What differs at one path."""

    path: str
    kind: str
    shown: str

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}: {self.shown}"


@dataclass(frozen=True)
class Entry:
    """One entry of the list."""

    paths: Sequence[str]
    kind: str
    invariant: str
    why: str
    suites: frozenset[str] | None
    images: frozenset[str] | None

    def concerns(self, suite: str, image: str) -> bool:
        """Whether the entry is about this image of a suite."""
        return (self.suites is None or suite in self.suites) and (self.images is None or image in self.images)


def read_list(path: Path) -> list[Entry]:
    """Reads differences.json."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if data["version"] != _VERSION:
        raise ListError(f"{path} is of another version")
    return [_entry(item) for item in data["differences"]]


def compare(image: Mapping[str, Node], reference: Mapping[str, Node]) -> list[Difference]:
    """All that differs; where a path is missing or of another type, only that."""
    found = []
    for path in sorted(image.keys() | reference.keys()):
        ours, theirs = image.get(path), reference.get(path)
        if ours is None or theirs is None:
            found.append(Difference(path, REFERENCE if ours is None else IMAGE, str(ours or theirs)))
            continue
        for field in FIELDS if ours.type == theirs.type else ["type"]:
            values = getattr(ours, field), getattr(theirs, field)
            if values[0] != values[1]:
                found.append(Difference(path, field, f"{values[0]} in the image, {values[1]} there"))
    return found


def problems(
    found: Iterable[Difference], entries: Iterable[Entry], roots: Roots, suite: str, image: str
) -> list[str]:
    """What of the differences is not on the list or breaks its invariant, and what of the list is not so."""
    result = []
    unused = {
        (pattern, entry.kind): entry
        for entry in entries
        if entry.concerns(suite, image)
        for pattern in entry.paths
    }
    known = dict(unused)
    for each in found:
        keys = [key for key in known if key[1] == each.kind and fnmatch.fnmatchcase(each.path, key[0])]
        if not keys:
            result.append(f"not on the list: {each}")
        for key in keys:
            unused.pop(key, None)
            invariant = known[key].invariant
            if invariant and (problem := INVARIANTS[invariant](roots, each.path)):
                result.append(f"not {invariant!r}: {each.path}: {problem}")
    result += [f"on the list, and no longer so: {': '.join(key)}" for key in unused]
    return result


def _entry(item: Mapping[str, Any]) -> Entry:
    name = item.get("paths")
    if unknown := item.keys() - _KEYS:
        raise ListError(f"{name} has unknown keys: {', '.join(sorted(unknown))}")
    if not item.get("paths") or not item.get("why"):
        raise ListError(f"an entry needs paths and why: {item}")
    if item.get("difference") not in KINDS:
        raise ListError(f"{name} is of no known kind; there are: {', '.join(KINDS)}")
    invariant = item.get("invariant", "")
    if invariant and invariant not in INVARIANTS:
        raise ListError(f"{name} names the unknown invariant {invariant}; there are: {', '.join(INVARIANTS)}")
    return Entry(
        paths=tuple(item["paths"]),
        kind=item["difference"],
        invariant=invariant,
        why=item["why"],
        suites=frozenset(item["suites"]) if "suites" in item else None,
        images=frozenset(item["images"]) if "images" in item else None,
    )
