"""What a toolbox is made of (`toolbox.json`), and the key that follows from it.

Two recipes with the same content have the same key, so a toolbox is made anew exactly when its content is
to change: another package list, another architecture, or another way of making it (`LAYOUT`).
BAZELW_RECIPE names another recipe file; the tests make tiny toolboxes that way.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from tools.bazelw.errors import LauncherError

LAYOUT = 5  # raise it when the code makes another root from the same recipe
_VERSION = 1
_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "toolbox.json")


class Recipe(NamedTuple):
    """A parsed recipe file."""

    file: str
    suites: list[str]
    variant: str
    packages: list[str]
    space_mb: int
    hint: str
    key: str


def load(env: Mapping[str, str]) -> Recipe:
    """Reads the recipe of this checkout, or the one that BAZELW_RECIPE names."""
    path = env.get("BAZELW_RECIPE") or _FILE
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
    except OSError as error:
        raise LauncherError(f"can't read the toolbox recipe: {error.strerror}", file=path) from None
    except ValueError as error:
        raise LauncherError(f"not a JSON file: {error}", file=path) from None
    return parse(path, data, os.uname().machine)


def parse(path: str, data: dict[str, Any], machine: str) -> Recipe:
    """Checks the content of a recipe file and computes its key for an architecture."""
    if data.get("version") != _VERSION:
        raise LauncherError(f"recipe version {data.get('version')!r}, expected {_VERSION}", file=path)
    suites, packages = data.get("suites"), data.get("packages")
    if not isinstance(suites, list) or not suites:
        raise LauncherError('"suites" must list at least one suite of Debian', file=path)
    if not isinstance(packages, dict) or not packages:
        raise LauncherError('"packages" must map package names to the reason for each', file=path)
    variant = data.get("variant", "apt")
    content = json.dumps([LAYOUT, machine, suites, variant, sorted(packages)], separators=(",", ":"))
    return Recipe(
        file=path,
        suites=suites,
        variant=variant,
        packages=sorted(packages),
        space_mb=data.get("space_mb", 0),
        hint=data.get("hint", ""),
        key=hashlib.sha256(content.encode()).hexdigest()[:16],
    )
