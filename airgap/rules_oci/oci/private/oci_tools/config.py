"""What the attributes of oci_image mean for an image's config: pure functions from text to JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .jsontext import Json

_VARIABLE = re.compile(r"\$\{?([a-zA-Z0-9_]+)\}?")


def environment(base: Iterable[str], text: str) -> list[str]:
    """Add the lines of a NAME=VALUE file to a base environment.

    A value may use `$NAME` or `${NAME}`: what the base and the lines before say, and nothing for an
    unknown name. A name that is there already keeps its place.
    """
    entries = [_split(entry) for entry in base]
    for name, raw in map(_split, _lines(text)):
        value = _expand(raw, entries)
        at = next((i for i, (other, _) in enumerate(entries) if other == name), None)
        if at is None:
            entries.append((name, value))
        else:
            entries[at] = (name, value)
    return [f"{name}={value}" for name, value in entries]


def _split(entry: str) -> tuple[str, str]:
    name, _, value = entry.partition("=")
    return name, value


def _lines(text: str) -> Iterator[str]:
    """Lines as a shell's `read` sees them: a blank line counts, a missing last newline does not matter."""
    lines = text.split("\n")
    return iter(lines[:-1] if lines[-1] == "" else lines)


def _expand(value: str, entries: list[tuple[str, str]]) -> str:
    return _VARIABLE.sub(lambda found: "".join(v for name, v in entries if name == found[1]), value)


def words(text: str) -> list[str]:
    """The non-empty lines of a command file; `%5Cn` stands for a newline inside a word."""
    return [line.replace("%5Cn", "\n") for line in text.split("\n") if line]


def name_set(text: str) -> Json:
    """A comma-separated file as the object with empty values that a config uses for a set."""
    return {name: {} for name in text.split(",")} if text else {}


def pairs(text: str) -> Json:
    """The non-empty NAME=VALUE lines of a file of labels or annotations."""
    return dict(_split(line) for line in text.split("\n") if line)
