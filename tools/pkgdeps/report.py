"""Says what has changed, what both closures cost, and what is left to do by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.apt_lock import difference as locks
from tools.apt_lock.apt import Record
from tools.apt_lock.lockfile import Lock
from tools.lib_closure import pkgdeps as packages
from tools.lib_closure.pkgdeps import PkgDeps
from tools.pkgdeps.find import Result
from tools.pkgdeps.plan import Plan


def pkgdeps_difference(old: PkgDeps | None, new: PkgDeps) -> list[str]:
    """Which packages are needed now and were not, and the other way round."""
    before = old.packages if old else {}
    lines = [
        f"{line[0]} {arch} {line[2:]}"
        for arch in sorted(before.keys() | new.packages.keys())
        for line in packages.difference(before.get(arch, {}), new.packages.get(arch, {}))
    ]
    if old and old.suite != new.suite:
        lines.append(f"~ suite {old.suite} -> {new.suite}")
    if old and not lines and old != new:
        lines.append(f"~ architectures {' '.join(sorted(before))} -> {' '.join(sorted(new.packages))}")
    return lines


def changes(plan: Plan, old: tuple[PkgDeps | None, Lock | None], new: Result) -> Iterator[str]:
    """What has changed in both files, with headings."""
    deps, lock = old
    yield f"{plan.pkgdeps}: " + (
        ", ".join(f"{len(needed)} packages needed on {arch}" for arch, needed in new.pkgdeps.packages.items())
    )
    yield from (f"  {line}" for line in pkgdeps_difference(deps, new.pkgdeps))
    yield f"{plan.lock}: {locks.summary(lock, new.lock)}"
    yield from (f"  {line}" for line in locks.difference(lock, new.lock))


def costs(new: Result) -> Iterator[str]:
    """A table of both closures."""
    rows = [("closure", "for", "packages", "to fetch", "installed")]
    rows += [
        (closure, arch, *_cost(records))
        for closure, found in new.records.items()
        for arch, records in found.items()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        left = [cell.ljust(width) for cell, width in zip(row[:2], widths, strict=False)]
        right = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        yield "  " + "  ".join(left + right)


def _cost(records: Mapping[str, Record]) -> tuple[str, str, str]:
    fetch = sum(record.package.size for record in records.values())
    installed = sum(record.installed for record in records.values())
    return str(len(records)), locks.sized(fetch), locks.sized(installed)


def to_do(plan: Plan, workspace: Path) -> Iterator[str]:
    """The lines by which the image gets the packages, as far as they are not there."""
    module = workspace / "MODULE.bazel"
    text = module.read_text(encoding="utf-8") if module.is_file() else ""
    hub = _hub(plan, text)
    if hub is None:
        hub = re.sub(r"\W", "_", plan.lock.name.removesuffix(".apt.json")) + "_apt"
        apt = _extension(text)
        yield "To use the lock, add to MODULE.bazel:"
        if apt is None:
            apt = "apt"
            yield '    apt = use_extension("@pycuda//apt:extensions.bzl", "apt")'
        yield f'    {apt}.lock(name = "{hub}", lock = "{plan.lock_label}")'
        yield f'    use_repo({apt}, "{hub}")'
    if not plan.apt:
        yield f"To have the packages in the image, add to {plan.name}:"
        yield f'    apt = "@{hub}",'


def _extension(module: str) -> str | None:
    """What MODULE.bazel calls the extension that has `lock`, if it uses it."""
    found = re.search(r'(?m)^(\w+)\s*=\s*use_extension\(\s*"[^"]*//apt:extensions\.bzl"', module)
    return found[1] if found else None


def _hub(plan: Plan, module: str) -> str | None:
    """The repository of the lock, by the text of MODULE.bazel."""
    for call in re.findall(r"\.lock\((.*?)\)", re.sub(r"(?m)^\s*#.*$", "", module), re.DOTALL):
        values = dict(re.findall(r'(\w+)\s*=\s*"([^"]*)"', call))
        if values.get("lock") == plan.lock_label:
            return values.get("name")
    return None
