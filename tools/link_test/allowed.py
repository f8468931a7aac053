"""What may be unresolved in an image, and why: files of exceptions, beside the images that they are for.

    {"version": 1, "why": "...",
     "allowed": [{"files": ["/usr/lib/gcc/*"], "sonames": ["libx.so.*"], "why": "..."}]}

An entry is about files that need something, or that were opened and led to one that does; and about what is
needed. Both may have `*`, for slashes too.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError
from tools.common.parsing import Parsing
from tools.link_test.check import Problem

_VERSION = 1
_REMEDY = "tools/link_test/allowed.py says what the file may have."


@dataclass(frozen=True)
class Entry:
    """One exception."""

    files: tuple[str, ...]
    sonames: tuple[str, ...]
    why: str

    def allows(self, problem: Problem) -> bool:
        """Whether it is about a problem."""
        ends = (problem.chain[0], problem.chain[-1])
        return _any(self.sonames, [problem.name]) and _any(self.files, ends)


def read_allowed(paths: Iterable[Path]) -> tuple[Entry, ...]:
    """Reads files of exceptions.

    Raises:
        ToolError: one is not of the form above.
    """
    return tuple(entry for path in paths for entry in _read(path))


def _read(path: Path) -> list[Entry]:
    with Parsing("is not JSON", path, remedy=_REMEDY):
        data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or data.get("version") != _VERSION:
        raise ToolError(f"is not exceptions of version {_VERSION}", file=path, remedy=_REMEDY)
    entries = data.get("allowed")
    if not isinstance(entries, list):
        raise ToolError("has no list `allowed`", file=path, remedy=_REMEDY)
    return [_entry(entry, number, path) for number, entry in enumerate(entries, 1)]


def _entry(entry: Any, number: int, path: Path) -> Entry:
    where = f"allowed, entry {number}"
    if not isinstance(entry, dict) or entry.keys() != {"files", "sonames", "why"}:
        raise ToolError(f"{where}: has not just files, sonames, why", file=path, remedy=_REMEDY)
    for key in ("files", "sonames"):
        value = entry[key]
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            raise ToolError(f"{where}: {key} is {value!r}, no list of texts", file=path, remedy=_REMEDY)
    if not isinstance(entry["why"], str) or not entry["why"]:
        raise ToolError(f"{where}: why is {entry['why']!r}; say why", file=path, remedy=_REMEDY)
    return Entry(tuple(entry["files"]), tuple(entry["sonames"]), entry["why"])


def _any(patterns: Sequence[str], texts: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(text, pattern) for text in texts for pattern in patterns)
