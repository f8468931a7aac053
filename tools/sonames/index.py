"""The index of a suite, SUITE.sonames.json: which package has which soname, and what base libraries define.

`./bazelw run //apt:lock` writes it beside the lock; nothing else needs the archive's own lists afterwards.
It has names only: the versions of packages are in the lock.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError
from tools.common.parsing import Parsing

VERSION = 1
SUFFIX = ".sonames.json"
_FIXED = frozenset(("version", "suite", "release", "sonames", "symbol_versions"))
_REFRESH = 'Write it anew: ./bazelw run //apt:lock -- SUITE (its .in.json needs "sonames": true).'


@dataclass(frozen=True)
class Sonames:
    """The whole file. `release` is the archive's state, as 12.11; `packages` is by architecture and soname.

    `symbol_versions` are what a soname defines on any of the architectures: good for saying which suite would
    do, not for deciding whether one does.
    """

    suite: str
    release: str
    packages: Mapping[str, Mapping[str, str]]
    symbol_versions: Mapping[str, tuple[str, ...]]

    @classmethod
    def load(cls, path: Path) -> "Sonames":
        """Reads an index; what is none is a ToolError that says how to get one."""
        try:
            return loads(path.read_text(encoding="utf-8"), path)
        except UnicodeDecodeError as error:
            raise ToolError(f"is no index of sonames: {error}", file=path, remedy=_REFRESH) from error

    def package(self, soname: str, arch: str) -> str | None:
        """The package that has a soname in a folder where the loader looks; None when no package has."""
        if arch not in self.packages:
            raise ToolError(
                f"the index of {self.suite} has no sonames for {arch}, only for {', '.join(self.packages)}",
                remedy='Name it in "architectures" of the .in.json, and refresh the index.',
            )
        return self.packages[arch].get(soname)

    def defines(self, soname: str, version: str) -> bool | None:
        """Whether the suite's library of that soname defines a symbol version; None when it is not known."""
        known = self.symbol_versions.get(soname)
        return None if known is None else version in known


def suites_with(indexes: Iterable[Sonames], soname: str, version: str) -> list[str]:
    """The suites whose library of that soname defines a symbol version, oldest first."""
    having = [index for index in indexes if index.defines(soname, version)]
    return [index.suite for index in sorted(having, key=lambda index: (natural(index.release), index.suite))]


def natural(text: str) -> list[tuple[int, str]]:
    """A key for sorting in which 2.10 comes after 2.9."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text) if part]


def dumps(index: Sonames) -> str:
    """One soname a line, sorted; what is the same on all architectures is there once."""
    common = dict(set.intersection(*(set(each.items()) for each in index.packages.values())))
    sections: dict[str, Mapping[str, Any]] = {"sonames": common}
    for arch, packages in sorted(index.packages.items()):
        sections[arch] = {name: package for name, package in packages.items() if name not in common}
    sections["symbol_versions"] = index.symbol_versions
    head = {"version": VERSION, "suite": index.suite, "release": index.release}
    rows = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    rows += [f"{json.dumps(key)}: {_rows(value)}" for key, value in sections.items()]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _rows(values: Mapping[str, Any]) -> str:
    rows = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(values.items())]
    return "{\n" + ",\n".join(rows) + "\n}" if rows else "{}"


def loads(text: str, file: Path) -> Sonames:
    """Reads an index back."""
    with Parsing("is no index of sonames", file, remedy=_REFRESH):
        data = json.loads(text)
        if data["version"] != VERSION:
            problem = f"is an index of version {data['version']!r}, this tool reads {VERSION}"
            raise ToolError(problem, file=file, remedy=_REFRESH)
        common = _names(data["sonames"])
        return Sonames(
            suite=_text(data["suite"]),
            release=_text(data["release"]),
            packages={arch: common | _names(data[arch]) for arch in sorted(data.keys() - _FIXED)},
            symbol_versions={
                _text(soname): tuple(_text(name) for name in names)
                for soname, names in data["symbol_versions"].items()
            },
        )


def _names(value: Mapping[str, str]) -> dict[str, str]:
    return {_text(soname): _text(package) for soname, package in value.items()}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is where a name must be")
    return value
