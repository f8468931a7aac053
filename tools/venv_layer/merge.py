"""Plans one layer of a virtual environment: its folders, its parts, and the RECORDs of its distributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tools.common.errors import ToolError
from tools.common.names import canonical
from tools.venv_check.check import files
from tools.venv_part.facts import Facts, folders_above
from tools.venv_part.place import recorded
from tools.venv_part.record import dumps, row_of

# Of the folders above a virtual environment, those that every image's base has.
_OF_THE_BASE = {"usr", "usr/share"}

# What registries and engines take of one blob.
_LIMIT = 10_000_000_000


@dataclass(frozen=True)
class Part:
    """A wheel or the skeleton: its facts, its part, that with its byte code if there is to be one, whether
    the wheel was asked for by name, and which of its files are left out, as something later has them too.
    """

    facts: Facts
    path: Path
    byte_code: Path | None = None
    requested: bool = False
    again: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """A layer: its folders, then its parts, then small files by path."""

    folders: tuple[str, ...]
    parts: tuple[Part, ...]
    last: tuple[tuple[str, bytes], ...]


def plan(parts: Sequence[Part], *, all_folders: bool = False) -> Plan:
    """Plans a layer of parts that go together, as the action VenvCheck makes sure.

    Args:
        parts: what is in it.
        all_folders: whether it has the folders too that every image's base has.
    """
    parts = sorted(parts, key=lambda part: (canonical(part.facts.name), part.facts.source))
    last = [file for part in parts if part.facts.name for file in _record(part)]
    seen = {path for path, _ in last}
    kept: list[Part] = []
    for part in reversed(parts):
        compiled = part.facts.compiled if part.byte_code else {}
        own = {*files(part.facts), *compiled}
        again = own & seen
        # Byte code doesn't say of which module it is: that of one which is left out must not be taken for
        # another's.
        again |= {path for path in compiled if _module(path) in again}
        kept.insert(0, replace(part, again=frozenset(again)))
        seen |= own
    folders = folders_above(seen) | {folder for part in parts for folder in part.facts.folders}
    if not all_folders:
        folders -= _OF_THE_BASE
    return Plan(tuple(sorted(folders)), tuple(kept), tuple(sorted(last)))


def _module(path: str) -> str:
    """The module of byte code (PEP 3147)."""
    folder, _, name = path.rpartition("/__pycache__/")
    return f"{folder}/{name.partition('.')[0]}.py"


def check_size(planned: Plan, layer: Path) -> None:
    """A layer that registries would refuse is refused here, before it is written.

    Raises:
        ToolError: it is larger than 10 GB.
    """
    sizes = {part.facts.name or "the skeleton": _size(part) for part in planned.parts}
    if sum(sizes.values()) > _LIMIT:
        largest = sorted(sizes.items(), key=lambda item: -item[1])[:5]
        raise ToolError(
            f"would have {sum(sizes.values()) / 1e9:.1f} GB, and 10 GB is what registries take of a layer; "
            f"the largest are {', '.join(f'{name} ({size / 1e9:.1f} GB)' for name, size in largest)}",
            file=layer,
            remedy='Put some of them into a layer of their own: layers = {"NAME": ["DISTRIBUTION", ...]}.',
        )


def _size(part: Part) -> int:
    return part.path.stat().st_size + (part.byte_code.stat().st_size if part.byte_code else 0)


def _record(part: Part) -> list[tuple[str, bytes]]:
    """RECORD, and REQUESTED where the distribution was asked for by name, which pip notes."""
    facts = part.facts
    info = f"{facts.site_packages}/{facts.dist_info}"
    rows = list(facts.record)
    found = []
    if part.requested:
        requested = row_of(f"{facts.dist_info}/REQUESTED", b"")
        rows = [*(row for row in rows if row[0] != requested[0]), requested]  # a wheel may bring one
        found.append((f"{info}/REQUESTED", b""))
    if part.byte_code:
        rows += [(recorded(path, facts.site_packages), "", "") for path in facts.compiled]
    return [*found, (f"{info}/RECORD", dumps(rows))]
