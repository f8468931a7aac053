"""What a part of a venv's layers has, as JSON for the actions that check and merge parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.common.errors import ToolError
from tools.venv_part.record import Row

_VERSION = 2


@dataclass(frozen=True)
class File:
    """A file of a part: its mode, SHA-256 in hex, and size."""

    mode: int
    sha256: str
    size: int

    @classmethod
    def of(cls, mode: int, data: bytes) -> File:
        """The file with this content."""
        return cls(mode, hashlib.sha256(data).hexdigest(), len(data))


@dataclass(frozen=True)
class Facts:
    """One part.

    `files` are in the part itself, `compiled` in the part with byte code; `links` are symbolic links with
    their targets; `folders` are those that the part needs although they may be empty. Paths are relative to
    the image's root. `record` are the lines of RECORD, which is written with the layer: it depends on whether
    the distribution was asked for by name, and on whether there is byte code. `site_packages` and `dist_info`
    say where it is. `spans` say where in its part each file's content is, by offset and inner offset (see
    tools/layer/part.py), where the layer's format has a table of contents.
    """

    source: str
    name: str = ""
    version: str = ""
    requires_python: str = ""
    tags: tuple[str, ...] = ()
    site_packages: str = ""
    dist_info: str = ""
    record: tuple[Row, ...] = ()
    files: Mapping[str, File] = field(default_factory=dict)
    compiled: Mapping[str, File] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def dumps(self) -> str:
        """The JSON."""
        data = {"format": _VERSION, **vars(self)}
        for key in ("files", "compiled"):
            data[key] = {path: (file.mode, file.sha256, file.size) for path, file in data[key].items()}
        return json.dumps(data, ensure_ascii=False, sort_keys=True) + "\n"


def folders_above(paths: Iterable[str]) -> set[str]:
    """All folders that paths are in, the root apart. There are many paths and few folders."""
    found = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found - {""}


def read_facts(path: Path) -> Facts:
    """Reads what `dumps` wrote."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        version = data.pop("format")
        if version == _VERSION:
            for key in ("files", "compiled"):
                data[key] = {path: File(*file) for path, file in data[key].items()}
            for key in ("folders", "tags"):
                data[key] = tuple(data[key])
            data["record"] = tuple((where, digest, size) for where, digest, size in data["record"])
            data["spans"] = {path: (offset, inner) for path, (offset, inner) in data["spans"].items()}
            return Facts(**data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError("not the facts of a part", file=path) from error
    raise ToolError("facts of another version", file=path)
