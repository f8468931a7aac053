"""Whether a Python is one that a wheel's Requires-Python asks for."""

from __future__ import annotations

import re

_CLAUSE = re.compile(r"(~=|===?|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?.*")


def allows(requires: str, version: str) -> bool:
    """Compares a final version, `3.11.2`, with a specifier, `>=3.9,!=3.10.*`.

    What is no specifier allows all, as for pip.
    """
    clauses = [_CLAUSE.fullmatch(clause.strip()) for clause in requires.split(",") if clause.strip()]
    return all(_holds(match, version) for match in clauses if match)


def _holds(clause: re.Match[str], version: str) -> bool:
    operator, text, any_below = clause.groups()
    wanted, got = _numbers(text), _numbers(version)
    length = max(len(wanted), len(got))
    mine, other = got + (0,) * (length - len(got)), wanted + (0,) * (length - len(wanted))
    if any_below:
        equal = got[: len(wanted)] == wanted
        return equal if operator == "==" else not equal
    return {
        "~=": mine >= other and got[: len(wanted) - 1] == wanted[:-1],
        "==": mine == other,
        "===": mine == other,
        "!=": mine != other,
        "<=": mine <= other,
        ">=": mine >= other,
        "<": mine < other,
        ">": mine > other,
    }[operator]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
