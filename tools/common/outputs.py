"""Outputs of a tool that are whole or not there: Bazel sees to it for actions, a direct run needs it too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(*outputs: Path) -> Iterator[None]:
    """Removes the outputs when what writes them fails: half a file must not be taken for one.

    What is no file, such as /dev/stdout, stays.
    """
    try:
        yield
    except BaseException:
        for output in outputs:
            if output.is_file():
                output.unlink()
        raise
