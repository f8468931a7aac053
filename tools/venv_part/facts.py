"""What a part of a venv's layer has, as JSON for the action that merges parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tools.common.errors import ToolError

_VERSION = 1


@dataclass(frozen=True)
class Facts:
    """One part.

    `files` says of each path what is there, in a text that is equal only for equal files. `folders` are those
    that the part needs although they may be empty. Paths are relative to the image's root.
    """

    source: str
    name: str = ""
    version: str = ""
    requires_python: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()

    def dumps(self) -> str:
        """The JSON."""
        return (
            json.dumps({"format": _VERSION, **asdict(self)}, ensure_ascii=False, indent=0, sort_keys=True)
            + "\n"
        )


def read_facts(path: Path) -> Facts:
    """Reads what `dumps` wrote."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if data.pop("format") != _VERSION:
        raise ToolError("facts of another version", file=path)
    return Facts(**{**data, "folders": tuple(data["folders"])})


def describe_file(mode: int, algorithm: str, digest: bytes) -> str:
    """What Facts say of a file."""
    return f"{mode:04o} {algorithm}:{digest.hex()}"


def describe_data(mode: int, data: bytes) -> str:
    """What Facts say of a file with this content."""
    return describe_file(mode, "sha256", hashlib.sha256(data).digest())


def describe_link(target: str) -> str:
    """What Facts say of a symbolic link."""
    return f"-> {target}"
