"""Whether a Python is one that a wheel's Requires-Python asks for (PyPA: version specifiers)."""

from __future__ import annotations

import re
from itertools import zip_longest

_CLAUSE = re.compile(
    r"""(?P<operator>~=|===|==|!=|<=|>=|<|>)\s*v?
    (?:(?P<epoch>[0-9]{1,18})!)?(?P<release>[0-9]{1,18}(?:\.[0-9]{1,18})*)
    (?:(?P<prefix>\.\*)|
        (?P<pre>[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?[0-9]*)?
        (?P<post>-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?
        (?P<dev>[-_.]?dev[-_.]?[0-9]*)?
        (?P<local>\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?
    )""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_SAME = re.compile(r"===\s*([^\s;)]*)")


def allows(requires: str, version: str) -> bool:
    """Compares a final version, `3.11.2`, with specifiers, `>=3.9,!=3.10.*`.

    When one of them is none, all versions are allowed, as for pip.
    """
    clauses = [clause.strip() for clause in requires.split(",") if clause.strip()]
    answers = [_holds(clause, version) for clause in clauses]
    return None in answers or all(answers)


def _holds(clause: str, version: str) -> bool | None:
    """Whether a specifier holds; None when it is none."""
    if same := _SAME.fullmatch(clause):
        return same[1].lower() == version
    match = _CLAUSE.fullmatch(clause)
    if not match:
        return None
    operator, release = match["operator"], _numbers(match["release"])
    equality = operator in ("==", "!=")
    if ((match["prefix"] or match["local"]) and not equality) or (operator == "~=" and len(release) < 2):
        return None
    got = _numbers(version)
    begins = _compared(got[: len(release)], release) == 0 and not int(match["epoch"] or 0)
    if match["prefix"]:
        return begins == (operator == "==")
    order = -int(match["epoch"] or 0) or _compared(got, release) or _phase(match)
    if operator == "~=":
        return order >= 0 and _compared(got[: len(release) - 1], release[:-1]) == 0
    return {
        "==": order == 0 and not match["local"],
        "!=": order != 0 or bool(match["local"]),
        "<=": order <= 0,
        ">=": order >= 0,
        "<": order < 0,
        ">": order > 0,
    }[operator]


def _phase(match: re.Match[str]) -> int:
    """What a final version is to one of the same release: later than pre-releases, before post-releases."""
    if match["pre"]:
        return 1
    if match["post"]:
        return -1
    return 1 if match["dev"] else 0


def _compared(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """Less than 0 if `one` comes first, 0 if they are equal; what is missing is 0."""
    differences = (mine - its for mine, its in zip_longest(one, other, fillvalue=0))
    return next(filter(None, differences), 0)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
