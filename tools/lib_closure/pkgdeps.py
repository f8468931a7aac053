"""NAME.pkgdeps.json: the Debian packages that an image's environment needs, committed beside its BUILD file.

    {"version": 1, "suite": "bookworm",
     "packages": {"amd64": {"libgl1": {"by": ["opencv-python"], "sonames": ["libGL.so.1"]}, ...},
                  "arm64": {...}}}

It says what and why, not which versions: those are in the lock beside it, NAME.apt.json. It has the packages
whose libraries are needed, whichever closure the image has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.common.errors import ToolError
from tools.common.parsing import Parsing
from tools.lib_closure.closure import Closure

_VERSION = 1


@dataclass(frozen=True)
class Reason:
    """Why a package is needed: which libraries of it, and who needs them."""

    sonames: tuple[str, ...]
    by: tuple[str, ...]

    def __str__(self) -> str:
        return f"{', '.join(self.sonames) or 'what it has'} for {', '.join(self.by)}"


@dataclass(frozen=True)
class PkgDeps:
    """The file."""

    suite: str = ""
    packages: Mapping[str, Mapping[str, Reason]] = field(default_factory=dict)

    def dumps(self) -> str:
        """The JSON, a package a line."""
        lines = ["{", f'  "version": {_VERSION},', f'  "suite": {json.dumps(self.suite)},', '  "packages": {']
        arches = sorted(self.packages.items())
        for number, (arch, packages) in enumerate(arches, 1):
            rows = [
                f"      {json.dumps(name)}: {json.dumps({'by': reason.by, 'sonames': reason.sonames})}"
                for name, reason in sorted(packages.items())
            ]
            comma = "," if number < len(arches) else ""
            body = ",\n".join(rows)
            lines.append(f'    "{arch}": {{\n{body}\n    }}{comma}' if rows else f'    "{arch}": {{}}{comma}')
        return "\n".join([*lines, "  }", "}"]) + "\n"


def read_pkgdeps(path: Path, remedy: str) -> PkgDeps:
    """Reads the file.

    Args:
        path: the file.
        remedy: what to do when it is none, best a command.

    Raises:
        ToolError: it is none.
    """
    with Parsing("does not say which packages are needed", path, remedy=remedy):
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != _VERSION:
            raise ToolError(f"has version {data['version']!r}, not {_VERSION}", file=path, remedy=remedy)
        return PkgDeps(
            data["suite"],
            {
                arch: {
                    name: Reason(_texts(each["sonames"]), _texts(each["by"]))
                    for name, each in packages.items()
                }
                for arch, packages in data["packages"].items()
            },
        )


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise ValueError(f"{values!r} is no list of names")
    return tuple(values)


def needed(closure: Closure) -> dict[str, Reason]:
    """What a closure needs."""
    return {name: Reason(each.sonames, each.by) for name, each in closure.packages.items()}


def difference(old: Mapping[str, Reason], new: Mapping[str, Reason]) -> Iterator[str]:
    """What has changed, a line for each package."""
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before is None:
            yield f"+ {name}: {after}"
        elif after is None:
            yield f"- {name}: {before}"
        elif before != after:
            yield f"~ {name}: {after} (was {before})"
