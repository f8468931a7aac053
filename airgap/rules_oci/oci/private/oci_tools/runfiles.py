"""Finding files from a program that Bazel runs with `bazel run` or as another program's data."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .errors import ToolError
from .jsontext import Json, load_object


def settings() -> Json:
    """What the rule says to its program: the JSON file beside it."""
    return load_object(Path(sys.argv[0]).with_suffix(".json"))


def find(location: str) -> Path:
    """The file or folder at a path relative to the root of the runfiles."""
    root = _root()
    if root is not None and (root / location).exists():
        return (root / location).absolute()
    for manifest in _manifests():
        for line in manifest.read_text(encoding="utf-8").splitlines():
            name, _, path = line.partition(" ")
            if name == location:
                return Path(path)
    raise ToolError("is not in the runfiles", file=location, remedy="Start this program with `bazel run`.")


def _root() -> Path | None:
    program = Path(sys.argv[0]).absolute()
    candidates = [Path(f"{program}.runfiles")]
    candidates += [parent for parent in program.parents if parent.name.endswith(".runfiles")]
    if "RUNFILES_DIR" in os.environ:
        candidates.append(Path(os.environ["RUNFILES_DIR"]))
    return next((candidate for candidate in candidates if candidate.is_dir()), None)


def _manifests() -> list[Path]:
    candidates = [Path(f"{Path(sys.argv[0]).absolute()}.runfiles_manifest")]
    if "RUNFILES_MANIFEST_FILE" in os.environ:
        candidates.append(Path(os.environ["RUNFILES_MANIFEST_FILE"]))
    return [candidate for candidate in candidates if candidate.is_file()]
