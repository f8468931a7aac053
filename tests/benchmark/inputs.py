"""What benchmarks are given: wheels, by name or by folder, and a place to work in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tools.common.errors import ToolError


def wheels_of(paths: Sequence[Path]) -> list[Path]:
    """The wheels, of folders those in them.

    Raises:
        ToolError: there is none, or something else.
    """
    base = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    found: list[Path] = []
    for path in paths:
        full = path if path.exists() else base / path
        found += sorted(full.glob("*.whl")) if full.is_dir() else [full]
    for wheel in found:
        if wheel.suffix != ".whl" or not wheel.is_file():
            raise ToolError("not a wheel", file=wheel, remedy="Name .whl files, or folders with some.")
    if not found:
        raise ToolError("there is no wheel", remedy="Name .whl files, or folders with some.")
    return [wheel.absolute() for wheel in found]


def scratch() -> str:
    """Not /tmp, which may be memory."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "pycuda", "benchmark")
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)
