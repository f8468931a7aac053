"""What Bazel says of the image: where its facts are, what is locked for it, and where the results go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.common.parsing import Parsing
from tools.elf_scan import facts
from tools.elf_scan.facts import Libraries
from tools.lib_closure.image import Image

_VERSION = 1


@dataclass(frozen=True)
class Part:
    """An image on one architecture.

    Attributes:
        base: facts of the layers below the environment, the lowest first.
        wheels: facts of the environment.
        status: dpkg's status file in the base.
    """

    base: tuple[Path, ...]
    wheels: tuple[Path, ...]
    status: Path

    def image(self, arch: str) -> Image:
        """Its layers, without any package for the environment's sake."""
        return Image(arch, _read(self.base), (), _read(self.wheels))


@dataclass(frozen=True)
class Plan:
    """The whole file, whose paths are relative to where the program starts.

    Attributes:
        name: the image's label.
        update: the command that the user has called, without options.
        pkgdeps: where NAME.pkgdeps.json is in the workspace.
        lock: where NAME.apt.json is there.
        lock_label: its label.
        apt: the repository of the lock, when the image has it already; else empty.
        sources: the base lock's input, of which the sources are taken.
        refresh: the command that writes the base's lock anew.
        suite: the base's suite.
        sonames: the indexes of all suites.
        hints: files of hints.
        mirrors: what the module extension found out about mirrors.
        parts: the image by architecture.
    """

    name: str
    update: str
    pkgdeps: Path
    lock: Path
    lock_label: str
    apt: str
    sources: Path
    refresh: str
    suite: str
    sonames: tuple[Path, ...]
    hints: tuple[Path, ...]
    mirrors: Path
    parts: Mapping[str, Part]


def read_plan(path: Path) -> Plan:
    """Reads the file.

    Raises:
        ToolError: it is none.
    """
    with Parsing("does not say what to look at", path, remedy="Build the target again."):
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != _VERSION:
            raise ValueError(f"of version {data['version']}, not {_VERSION}")
        return Plan(
            name=data["name"],
            update=data["update"],
            pkgdeps=Path(data["pkgdeps"]),
            lock=Path(data["lock"]),
            lock_label=data["lock_label"],
            apt=data["apt"],
            sources=Path(data["sources"]),
            refresh=data["refresh"],
            suite=data["suite"],
            sonames=_paths(data["sonames"]),
            hints=_paths(data["hints"]),
            mirrors=Path(data["mirrors"]),
            parts={
                arch: Part(_paths(part["base"]), _paths(part["wheels"]), Path(part["status"]))
                for arch, part in data["architectures"].items()
            },
        )


def _paths(names: list[str]) -> tuple[Path, ...]:
    return tuple(map(Path, names))


def _read(paths: tuple[Path, ...]) -> tuple[Libraries, ...]:
    return tuple(map(facts.read, paths))
