"""The difference of two locks, for people: what is added, removed, upgraded, and what it costs to fetch."""

import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from tools.apt_lock.lockfile import Lock, LockedSet, Package
from tools.sonames.index import Sonames

_FIRST = 10
_KINDS = ("added", "removed", "upgraded", "downgraded", "changed")


@dataclass(frozen=True)
class Change:
    """What happened to one package on one architecture."""

    kind: str
    line: str


def package_changes(old: Lock | None, new: Lock) -> list[Change]:
    """What happened to packages, by architecture and name."""
    changes = []
    for arch in sorted(set(new.packages) | set(old.packages if old else {})):
        before = old.packages.get(arch, {}) if old else {}
        after = new.packages.get(arch, {})
        for name in sorted(before.keys() | after.keys()):
            change = _change(f"{arch} {name}", before.get(name), after.get(name))
            changes += [change] if change else []
    return changes


def _change(what: str, was: Package | None, now: Package | None) -> Change | None:
    if now is None:
        return Change("removed", f"- {what} {was.version}") if was else None
    if was is None:
        return Change("added", f"+ {what} {now.version} ({sized(now.size)})")
    if was == now:
        return None
    if was.version == now.version:
        changed = [key for key, value in asdict(was).items() if asdict(now)[key] != value]
        return Change("changed", f"~ {what} {now.version}, changed {', '.join(changed)} ({sized(now.size)})")
    versions = f"{was.version} -> {now.version}"
    if _is_older(now.version, was.version):
        return Change("downgraded", f"~ {what} {versions}, which is older ({sized(now.size)})")
    return Change("upgraded", f"~ {what} {versions} ({sized(now.size)})")


def _is_older(one: str, other: str) -> bool:
    """Debian's order of versions, as dpkg has it; it comes with apt."""
    return subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False).returncode == 0


def difference(old: Lock | None, new: Lock) -> list[str]:
    """All that changed, in lines. The date of a release alone is no change."""
    lines = [change.line for change in package_changes(old, new)]
    lines += _set_difference(old.sets if old else {}, new.sets)
    if old:
        for what, was, now in (
            ("suite", old.suite, new.suite),
            ("merged_usr", old.merged_usr, new.merged_usr),
            ("components", " ".join(old.components), " ".join(new.components)),
            ("sources", " ".join(sorted(old.releases)), " ".join(sorted(new.releases))),
        ):
            lines += [f"~ {what} {was} -> {now}"] if was != now else []
    return lines


def _set_difference(before: Mapping[str, LockedSet], after: Mapping[str, LockedSet]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None and now is not None:
            counts = ", ".join(f"{len(names)} on {arch}" for arch, names in sorted(now.packages.items()))
            yield f"+ set {name}: {counts} packages"
        elif now is None:
            yield f"- set {name}"
        elif was is not None and was != now:
            yield f"~ set {name}: {_members(was, now)}"


def _members(was: LockedSet, now: LockedSet) -> str:
    """Who joined and who left; when nobody did, why the set is another all the same."""
    before = {name for names in was.packages.values() for name in names}
    after = {name for names in now.packages.values() for name in names}
    moves = [f"+{name}" for name in sorted(after - before)] + [f"-{name}" for name in sorted(before - after)]
    if moves:
        return " ".join(moves)
    if was.on != now.on:
        return f"on {was.on} -> {now.on}"
    return "other members on one architecture, or asked for in another way"


def download_size(old: Lock | None, new: Lock) -> int:
    """Bytes to fetch that the old lock did not have; what both architectures share counts once."""
    have = {
        package.sha256 for packages in (old.packages if old else {}).values() for package in packages.values()
    }
    want = {
        package.sha256: package.size for packages in new.packages.values() for package in packages.values()
    }
    return sum(size for sha256, size in want.items() if sha256 not in have)


def sized(size: int) -> str:
    """A number of bytes, for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def summary(old: Lock | None, new: Lock) -> str:
    """One line on what a lock has, how much of it is new and what that costs to fetch."""
    total = sum(len(packages) for packages in new.packages.values())
    counts = Counter(change.kind for change in package_changes(old, new))
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in _KINDS if counts[kind])
    size = download_size(old, new)
    fetch = f"{sized(size)} to download" if size else "nothing new to download"
    locked = f"{total} packages locked for {', '.join(sorted(new.packages))}"
    return f"{locked}: {kinds}; {fetch}" if kinds else f"{locked}; {fetch}"


def soname_difference(old: Sonames | None, new: Sonames) -> list[str]:
    """The first sonames that changed; then those whose library defines other symbol versions."""
    changes = [change.line for change in _soname_changes(old, new)]
    lines = changes[:_FIRST] + ([f"and {len(changes) - _FIRST} more"] if len(changes) > _FIRST else [])
    return lines + (list(_version_changes(old.symbol_versions, new.symbol_versions)) if old else [])


def _version_changes(
    before: Mapping[str, tuple[str, ...]], after: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    for soname in sorted(before.keys() | after.keys()):
        was, now = before.get(soname, ()), after.get(soname, ())
        moves = [f"+{name}" for name in now if name not in was]
        moves += [f"-{name}" for name in was if name not in now]
        if moves:
            yield f"~ versions of {soname}: {' '.join(moves)}"


def _soname_changes(old: Sonames | None, new: Sonames) -> Iterator[Change]:
    for arch in sorted(set(new.packages) | set(old.packages if old else {})):
        before = old.packages.get(arch, {}) if old else {}
        after = new.packages.get(arch, {})
        for soname in sorted(before.keys() | after.keys()):
            was, now = before.get(soname), after.get(soname)
            if was is None:
                yield Change("added", f"+ {arch} {soname} in {now}")
            elif now is None:
                yield Change("removed", f"- {arch} {soname} in {was}")
            elif was != now:
                yield Change("moved", f"~ {arch} {soname} {was} -> {now}")


def soname_summary(old: Sonames | None, new: Sonames) -> str:
    """One line on how many sonames an index has and how many of them are new."""
    counts = Counter(change.kind for change in _soname_changes(old, new))
    sizes = ", ".join(f"{len(packages)} on {arch}" for arch, packages in sorted(new.packages.items()))
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in ("added", "removed", "moved") if counts[kind])
    return f"sonames: {sizes}; {kinds}" if kinds else f"sonames: {sizes}"
