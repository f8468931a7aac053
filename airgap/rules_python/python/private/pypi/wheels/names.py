"""Spellings of a distribution's name."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


def is_name(text: str) -> bool:
    """Whether the text can be the name of a distribution or an extra."""
    return _NAME.fullmatch(text) is not None


def canonical(name: str) -> str:
    """The one spelling that indexes compare: `Foo.Bar_baz` is `foo-bar-baz`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def package(name: str) -> str:
    """The Bazel package in a hub: `Foo.Bar-baz` is `foo_bar_baz`."""
    return canonical(name).replace("-", "_")
