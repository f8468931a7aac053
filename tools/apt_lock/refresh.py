"""Refreshes one lock, NAME.json, from NAME.in.json, and the index of sonames beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tools.apt_lock import lockfile
from tools.apt_lock.apt import Apt
from tools.apt_lock.choose import Decision
from tools.apt_lock.difference import difference, soname_difference, soname_summary, summary
from tools.apt_lock.indexing import sonames
from tools.apt_lock.inputs import read_input
from tools.apt_lock.session import Origin, Session, open_session, say
from tools.common.errors import ToolError
from tools.sonames import index

SUFFIX = ".in.json"

Old = TypeVar("Old")


@dataclass(frozen=True)
class _File:
    """A file as it was and as it will be, and what people are told of the difference."""

    target: Path
    unit: str
    summary: str
    lines: Sequence[str]
    old: str | None
    new: str


@dataclass(frozen=True)
class Refresh:
    """How every input of a run is refreshed: `check` writes nothing."""

    origin: Origin
    decisions: Sequence[Decision]
    check: bool

    def one(self, name: str, path: Path) -> bool:
        """Refreshes the input that the caller called `name`; True when what was there is stale."""
        wanted = read_input(path)
        base = path.with_name(path.name.removesuffix(SUFFIX))
        with open_session(path, wanted, self.origin) as session:
            lock = _solve(session, path)
            stale = self._lock(name, base.with_name(f"{base.name}.json"), lock)
            if wanted.sonames:
                release = lock.releases[wanted.sources[0].suite].version
                stale |= self._index(name, base.with_name(base.name + index.SUFFIX), session, release)
        return stale

    def _lock(self, name: str, target: Path, new: lockfile.Lock) -> bool:
        text, old = read_old_lock(target)
        lines = difference(old, new)
        file = _File(target, "package", summary(old, new), lines, text, lockfile.dumps(new))
        return self._write(name, file)

    def _index(self, name: str, target: Path, session: Session, release: str) -> bool:
        text, old = read_old(target, index.loads, "index", "soname")
        try:
            new, undecided = sonames(session, self.decisions, release, say)
        except ToolError as error:
            done = "" if self.check else "The lock itself is written, and the index is as it was.\n"
            remedy = (done + (error.remedy or "")).rstrip() or None
            raise ToolError(error.problem, file=target, remedy=remedy) from error
        for soname, packages in sorted(undecided.items()):
            print(f"{target.name}: {soname} is in {', '.join(packages)}: let apt/policy/sonames.json decide")
        lines = soname_difference(old, new)
        file = _File(target, "soname", soname_summary(old, new), lines, text, index.dumps(new))
        return self._write(name, file)

    def _write(self, name: str, file: _File) -> bool:
        print(f"{file.target.name}: {file.summary}")
        print("\n".join(f"  {line}" for line in file.lines or [f"no {file.unit} has changed"]), flush=True)
        if self.check and file.lines:
            print(f"{file.target.name} is stale; refresh it: ./bazelw run //apt:lock -- {name}")
        if not self.check and file.old != file.new:
            lockfile.write_atomically(file.target, file.new)
        return bool(file.lines)


def read_old_lock(target: Path) -> tuple[str | None, lockfile.Lock | None]:
    """The text of a lock that was there, and the lock."""
    return read_old(target, lockfile.loads, "lock", "package")


def read_old(
    target: Path, loads: Callable[[str, Path], Old], what: str, unit: str
) -> tuple[str | None, Old | None]:
    """The text of a file that was there, and what it says. One that cannot be read is here to be replaced.

    Args:
        target: the file.
        loads: reads it, given text and name.
        what: what it is, for people.
        unit: what it has, for people.
    """
    if not target.exists():
        return None, None
    text = target.read_text(encoding="utf-8", errors="replace")
    try:
        return text, loads(text, target)
    except ToolError as error:
        print(f"{target.name}: the old {what} {error.problem}; every {unit} counts as new")
        return text, None


def _solve(session: Session, path: Path) -> lockfile.Lock:
    apt, wanted = Apt(session), session.wanted
    say(f"{path.name}: fetching the lists of {', '.join(source.suite for source in wanted.sources)}")
    apt.update(path)
    say(f"{path.name}: solving {', '.join(each.name for each in wanted.sets)}")
    return apt.lock()
