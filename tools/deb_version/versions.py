"""Debian versions in dpkg's order (deb-version(7)): epoch, then upstream version, then revision."""

import re

_OPERATORS = {
    "<<": (-1,),
    "<=": (-1, 0),
    "<": (-1, 0),  # of old, and what dpkg still takes it for
    "=": (0,),
    ">=": (0, 1),
    ">": (0, 1),
    ">>": (1,),
}


def compare(one: str, other: str) -> int:
    """-1, 0 or 1: the first is older than the second, as old, newer."""
    mine, theirs = _key(one), _key(other)
    return (mine > theirs) - (mine < theirs)


def satisfies(version: str, operator: str, wanted: str) -> bool:
    """Whether a version is as a relation such as `>= 1.2-3` says."""
    return compare(version, wanted) in _OPERATORS[operator]


def _key(version: str) -> tuple[int, list[list[int]], list[list[int]]]:
    epoch, colon, rest = version.rpartition(":") if version.count(":") < 2 else version.partition(":")
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(epoch) if colon and epoch.isdigit() else 0, _part(upstream), _part(revision)


def _part(text: str) -> list[list[int]]:
    """Alternating runs of other characters and digits; a `~` is before the end, the end before letters.

    Each run of others is a list that ends with the rank of the end, so lists compare as dpkg compares.
    """
    key: list[list[int]] = []
    for others, digits in re.findall(r"([^0-9]*)([0-9]*)", text or "0"):
        if others or digits:
            key += [[_rank(char) for char in others] + [0], [int(digits or 0)]]
    return [*key, [0], [0]]


def _rank(char: str) -> int:
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 256
