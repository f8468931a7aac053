"""The difference of two locks, for people: what is added, removed, upgraded, one line a distribution."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from tools.pip_lock.lockfile import Entry, entries

_KINDS = ("added", "removed", "upgraded", "downgraded", "changed")


@dataclass(frozen=True)
class Change:
    """What happened to one distribution."""

    kind: str
    line: str


def changes(old: str, new: str) -> list[Change]:
    """What happened to distributions: by kind, then by name."""
    before, after = _by_name(entries(old)), _by_name(entries(new))
    found = []
    for name in sorted(before.keys() | after.keys()):
        change = _change(name, before.get(name, {}), after.get(name, {}))
        found += [change] if change else []
    return sorted(found, key=lambda change: _KINDS.index(change.kind))


def _by_name(pins: Sequence[Entry]) -> dict[str, dict[str, Entry]]:
    found: dict[str, dict[str, Entry]] = {}
    for pin in pins:
        base, _, extras = pin.name.partition("[")
        found.setdefault(base, {})[f"[{extras} {pin.rest}" if extras else pin.rest] = pin
    return found


def _change(name: str, was: Mapping[str, Entry], now: Mapping[str, Entry]) -> Change | None:
    if not was:
        return Change("added", f"+ {name} {', '.join(now)}")
    if not now:
        return Change("removed", f"- {name} {', '.join(was)}")
    if was.keys() != now.keys():
        return _moved(name, was, now)
    dropped = sum(len(was[rest].hashes - now[rest].hashes) for rest in now)
    added = sum(len(now[rest].hashes - was[rest].hashes) for rest in now)
    if not dropped and not added:
        return None
    counts = (
        f"{added} added"
        if not dropped
        else f"{dropped} gone"
        if not added
        else f"{dropped} gone, {added} added"
    )
    return Change(
        "changed", f"~ {name} {', '.join(pin.version for pin in now.values())}, other hashes: {counts}"
    )


def _moved(name: str, was: Mapping[str, Entry], now: Mapping[str, Entry]) -> Change:
    """Other versions, or other extras or markers."""
    gone = {rest: pin for rest, pin in was.items() if rest not in now}
    come = {rest: pin for rest, pin in now.items() if rest not in was}
    text = f"{', '.join(gone) or 'besides'} -> {', '.join(come) or 'gone'}"
    if len(gone) == len(come) == 1:
        (old,), (new,) = gone.values(), come.values()
        if (old.name, old.marker) == (new.name, new.marker):
            text = f"{old.version} -> {new.version}{f' where {new.marker}' if new.marker else ''}"
    older = sorted(map(_order, was.values()), reverse=True)
    newer = sorted(map(_order, now.values()), reverse=True)
    if older == newer:
        return Change("changed", f"~ {name} {text}")
    if newer < older:
        return Change("downgraded", f"~ {name} {text}, which is older")
    return Change("upgraded", f"~ {name} {text}")


def _order(pin: Entry) -> Version:
    try:
        return Version(pin.version)
    except InvalidVersion:
        return Version("0")


def difference(old: str, new: str) -> list[str]:
    """All that changed, in lines."""
    lines = [change.line for change in changes(old, new)]
    lines += _option_difference(old, new)
    return lines or (["~ order or comments"] if old != new else [])


def _option_difference(old: str, new: str) -> Iterator[str]:
    """Options that came and went."""
    before, after = ([line for line in lock.splitlines() if line.startswith("--")] for lock in (old, new))
    yield from (f"+ {line}" for line in after if line not in before)
    yield from (f"- {line}" for line in before if line not in after)


def summary(old: str, new: str) -> str:
    """One line on what a lock has and how much of it is new."""
    total = len(_by_name(entries(new)))
    counts = Counter(change.kind for change in changes(old, new))
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in _KINDS if counts[kind])
    locked = f"{total} distribution{'' if total == 1 else 's'} locked"
    return f"{locked}: {kinds}" if kinds else locked
