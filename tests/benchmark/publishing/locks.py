"""The two locks that differ in one pin: before it was bumped, and after."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tools.common.errors import ToolError

_PIN = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)
_REMEDY = "Change venv/locks/publish_before.in; ./bazelw run //venv:lock -- publish publish_before"


def bumped_wheel(before: str, after: str, wheels: Sequence[Path]) -> Path:
    """The wheel that one lock has and the other has not.

    Args:
        before: the text of a lock.
        after: the text of the other.
        wheels: those of both.

    Raises:
        ToolError: the locks don't differ in one pin, or it has no wheel.
    """
    added, removed = (sorted(set(_PIN.findall(a)) - set(_PIN.findall(b))) for a, b in _both(before, after))
    if len(added) != 1 or [name for name, _ in removed] != [added[0][0]]:
        names = ", ".join(sorted({name for name, _ in [*added, *removed]})) or "nothing"
        raise ToolError(f"the two locks differ in {names}, not in one distribution's version", remedy=_REMEDY)
    name, version = added[0]
    start = f"{re.sub(r'[-_.]+', '_', name)}-{version}-".lower()
    found = [wheel for wheel in wheels if wheel.name.lower().startswith(start)]
    if len(found) != 1:
        raise ToolError(f"{name} {version} has {len(found)} wheels, not one", remedy=_REMEDY)
    return found[0]


def _both(one: str, other: str) -> list[tuple[str, str]]:
    return [(other, one), (one, other)]
