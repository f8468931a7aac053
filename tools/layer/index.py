"""The index of a layer part: its entries, and where the content of each file is.

The action that makes a part writes one beside it. The action that joins parts to a layer reads them and need
not look into the parts. An index is JSON, `{"version": 1, "entries": [...]}`, without the fields that have
their default.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError
from tools.layer.part import PartWriter
from tools.layer.tar import Entry, Kind

_VERSION = 1


@dataclass(frozen=True)
class Indexed:
    """An entry, and for a file that is not empty where its content is (see Span) and its SHA-256 in hex."""

    entry: Entry
    offset: int = 0
    inner: int = 0
    sha256: str = ""


def index(writer: PartWriter, digests: Mapping[str, str]) -> list[Indexed]:
    """The index of the part that a writer wrote.

    Args:
        writer: after its `close`.
        digests: the SHA-256, in hex, of each file's content by its path. Empty files need none.
    """
    spans = {span.path: span for span in writer.spans}
    if missing := sorted(spans.keys() - digests.keys()):
        raise ToolError(f"no digest is known of {missing[0]!r} and {len(missing) - 1} other files")
    found = []
    for path, entry in writer.entries.items():
        span = spans.get(path)
        found.append(Indexed(entry, span.offset, span.inner, digests[path]) if span else Indexed(entry))
    return found


def to_json(entries: Iterable[Indexed]) -> str:
    """An index as text."""
    listed = [_without_defaults(each.entry) | _without_defaults(each, "entry") for each in entries]
    return json.dumps({"version": _VERSION, "entries": listed}, separators=(",", ":"), sort_keys=True) + "\n"


def read_index(path: Path) -> list[Indexed]:
    """Reads what `to_json` gave."""
    document = json.loads(path.read_bytes())
    if document.get("version") != _VERSION:
        raise ToolError(f"an index of version {document.get('version')!r}, not {_VERSION}", file=path)
    return [_indexed(each) for each in document["entries"]]


def _without_defaults(value: Entry | Indexed, *skipped: str) -> dict[str, Any]:
    pairs = {each.name: (getattr(value, each.name), each.default) for each in fields(value)}
    return {name: have for name, (have, default) in pairs.items() if have != default and name not in skipped}


def _indexed(document: dict[str, Any]) -> Indexed:
    names = {each.name for each in fields(Entry)}
    entry = {name: value for name, value in document.items() if name in names}
    rest = {name: value for name, value in document.items() if name not in names}
    return Indexed(Entry(**entry | {"kind": Kind(entry["kind"])}), **rest)
