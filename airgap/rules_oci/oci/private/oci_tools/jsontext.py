"""JSON text as jq prints it, because image digests are digests of that text.

Two spaces of indentation, keys in insertion order, UTF-8 as it stands, DEL escaped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .errors import ToolError

Json = dict[str, Any]


def dumps(value: object) -> str:
    """The pretty form, without a final newline."""
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\x7f", "\\u007f")


def dump_line(value: object) -> bytes:
    """The pretty form as a text file: with a final newline."""
    return (dumps(value) + "\n").encode()


def load_object(path: Path) -> Json:
    """Read a JSON object or fail with the name of the file."""
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:
        raise ToolError(f"is not JSON: {error}", file=path) from error
    if not isinstance(value, dict):
        raise ToolError(f"holds a JSON {type(value).__name__}, not an object", file=path)
    return value


def merge(base: Json, extra: Json) -> Json:
    """jq's `base * extra`: objects merge at any depth, all else is replaced; keys of `base` come first."""
    merged = dict(base)
    for key, value in extra.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
