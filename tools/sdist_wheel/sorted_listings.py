"""Sorts what Python lists of a folder, in the environment that a wheel is built in.

A disk keeps names in an order of its own. Where a build asks for `*.c`, that order gets into the library.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

_listdir, _scandir = os.listdir, os.scandir


class _Sorted:
    """What `os.scandir` gives, sorted."""

    def __init__(self, *given: Any, **named: Any) -> None:
        with _scandir(*given, **named) as entries:
            self._entries = iter(sorted(entries, key=lambda entry: entry.name))

    def __iter__(self) -> Iterator[Any]:
        return self._entries

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> _Sorted:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        """There is nothing to close."""


os.listdir = lambda *given, **named: sorted(_listdir(*given, **named))  # type: ignore[assignment]
os.scandir = _Sorted  # type: ignore[assignment]
