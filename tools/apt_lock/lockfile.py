"""The lock: what apt chose, as sorted JSON with one line a package.

It names no host. `archive` and `path` say which file of an archive; a mirror is chosen where it is fetched.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError, naming
from tools.common.parsing import Parsing

VERSION = 1


@dataclass(frozen=True)
class Package:
    """One .deb: where it is and what it must be."""

    version: str
    architecture: str
    archive: str
    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Release:
    """A suite's Release file as it was: its date, and its version where it has one."""

    archive: str
    date: str
    version: str


@dataclass(frozen=True)
class LockedSet:
    """The names that a set adds to the one below, per architecture; nobody asked for the `auto` ones.

    With the `closure` "elf" it has the packages whose libraries are needed, and not what those depend on.
    """

    on: str | None
    auto: Mapping[str, tuple[str, ...]]
    packages: Mapping[str, tuple[str, ...]]
    closure: str | None = None


@dataclass(frozen=True)
class Lock:
    """The whole file."""

    suite: str
    components: tuple[str, ...]
    merged_usr: bool
    releases: Mapping[str, Release]
    sets: Mapping[str, LockedSet]
    packages: Mapping[str, Mapping[str, Package]]


def dumps(lock: Lock) -> str:
    """Two locks of the same archive state are the same bytes; a changed package is a changed line."""
    data = {"version": VERSION, **asdict(lock)}
    for value in data["sets"].values():
        if value["closure"] is None:
            del value["closure"]
    return _pretty(data, "") + "\n"


def _pretty(value: Any, pad: str) -> str:
    """JSON with sorted keys in which every name of a list and every record has its own line."""
    if isinstance(value, Mapping) and any(
        isinstance(item, Mapping | list | tuple) for item in value.values()
    ):
        rows = [f"{json.dumps(key)}: {_pretty(item, pad + '  ')}" for key, item in sorted(value.items())]
        return _block("{", rows, "}", pad)
    if isinstance(value, list | tuple) and value:
        return _block("[", [_pretty(item, pad + "  ") for item in value], "]", pad)
    return json.dumps(value, sort_keys=True)


def _block(start: str, rows: list[str], end: str, pad: str) -> str:
    inner = ",\n".join(f"{pad}  {row}" for row in rows)
    return f"{start}\n{inner}\n{pad}{end}"


def loads(text: str, file: Path) -> Lock:
    """Reads a lock back."""
    with Parsing("is not an apt lock", file):
        data = json.loads(text)
        if data["version"] != VERSION:
            raise ToolError(f"is of version {data['version']!r}, this tool writes {VERSION}", file=file)
        return Lock(
            suite=data["suite"],
            components=tuple(data["components"]),
            merged_usr=data["merged_usr"],
            releases={name: Release(**value) for name, value in data["releases"].items()},
            sets={
                name: LockedSet(
                    value["on"], _names(value["auto"]), _names(value["packages"]), value.get("closure")
                )
                for name, value in data["sets"].items()
            },
            packages={
                arch: {name: Package(**value) for name, value in packages.items()}
                for arch, packages in data["packages"].items()
            },
        )


def _names(value: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {arch: tuple(names) for arch, names in value.items()}


def write_atomically(path: Path, text: str) -> None:
    """Readers see the old file or the new one; after a failure the old one, and nothing beside it."""
    write_together({path: text})


def write_together(texts: Mapping[Path, str]) -> None:
    """Writes files atomically; when one of them cannot be, all are as they were."""
    beside = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    kept = {path: path.with_name(f".{path.name}.{os.getpid()}.old") for path in texts}
    done: list[Path] = []
    try:
        for path, text in texts.items():
            with naming(path):
                beside[path].write_text(text, encoding="utf-8")
        for path in [path for path in [*texts][:-1] if path.is_file()]:
            with naming(path):
                shutil.copy2(path, kept[path])
        for path in texts:
            with naming(path):
                beside[path].replace(path)
            done.append(path)
    except BaseException:
        for path in done:
            if kept[path].exists():
                kept[path].replace(path)
            else:
                path.unlink()
        raise
    finally:
        for path in (*beside.values(), *kept.values()):
            path.unlink(missing_ok=True)
