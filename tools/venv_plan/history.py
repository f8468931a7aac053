"""How often pins have changed, from the history of the locks that hold them.

A lock is any tracked text file with lines `NAME==VERSION ...`, as pip reads them. Only git is asked.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.common.names import canonical

DAYS = 365
_DAY = 24 * 60 * 60
_PIN = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*==\s*([^\s;\\,]+)")
_GREP = r"^[A-Za-z0-9][A-Za-z0-9._-]*([[][^]]*[]])? *== *[^ ]"


@dataclass(frozen=True)
class History:
    """What is known of the past: in how many days, which commits changed the pin of each distribution.

    `locks` are the files that were looked at, and `problem` says why there is nothing to go by.
    """

    days: int = DAYS
    changes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    locks: tuple[str, ...] = ()
    problem: str | None = None


class _GitError(Exception):
    """Git has refused; the message says why."""


def read_history(workspace: Path, pins: Mapping[str, str]) -> History:
    """Looks at the last year of the locks in a workspace.

    Args:
        workspace: a folder in a git repository.
        pins: version by distribution, as they are now.
    """
    try:
        found = _git(workspace, "grep", "-lIE", _GREP, allowed=(0, 1)).splitlines()
        locks = _covering({name: _pins_in(workspace / name) for name in found}, pins)
        if not locks:
            return History(problem="no tracked file pins these versions")
        changes: dict[str, set[str]] = {}
        oldest = 0
        for lock in locks:
            oldest = max(oldest, _age(workspace, lock))
            for commit, names in changed(_log(workspace, lock)).items():
                for name in names & pins.keys():
                    changes.setdefault(name, set()).add(commit)
        if _git(workspace, "rev-parse", "--is-shallow-repository").strip() == "true" and not changes:
            return History(
                problem="the history is cut off; fetch it with: git fetch --unshallow", locks=locks
            )
        days = max(1, min(DAYS, oldest))
        return History(days, {name: frozenset(commits) for name, commits in changes.items()}, locks)
    except FileNotFoundError:
        return History(problem="git is not installed")
    except _GitError as error:
        return History(problem=str(error))


def changed(log: str) -> dict[str, set[str]]:
    """The distributions whose version each commit changed, of what `git log -p` prints of a lock.

    A pin that comes or goes does not count, nor do hashes. Where a name is pinned more than once, for several
    Pythons, a change of any counts.
    """
    found: dict[str, set[str]] = {}
    for record in log.split("\0")[1:]:
        commit, _, diff = record.partition("\n")
        sides: dict[str, dict[str, set[str]]] = {"-": {}, "+": {}}
        for line in diff.splitlines():
            if line[:1] in sides and (match := _PIN.match(line[1:])):
                sides[line[0]].setdefault(canonical(match[1]), set()).add(match[2])
        before, after = sides["-"], sides["+"]
        names = {name for name in before.keys() & after.keys() if before[name] != after[name]}
        if names:
            found[commit] = names
    return found


def _covering(held: Mapping[str, set[tuple[str, str]]], pins: Mapping[str, str]) -> tuple[str, ...]:
    """The fewest files that hold the pins: first the one that has most, then what it lacks."""
    missing = set(pins.items())
    chosen = []
    while missing and held:
        lock = min(held, key=lambda name: (-len(held[name] & missing), name))
        if not held[lock] & missing:
            break
        chosen.append(lock)
        missing -= held[lock]
    return tuple(chosen)


def _pins_in(path: Path) -> set[tuple[str, str]]:
    try:
        lines: Iterable[str] = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # tracked, and not there
        return set()
    return {(canonical(match[1]), match[2]) for match in map(_PIN.match, lines) if match}


def _log(workspace: Path, lock: str) -> str:
    since = _now(workspace) - DAYS * _DAY
    options = ["--follow", f"--since={since}", "--format=%x00%H", "-p", "-U0", "--no-ext-diff", "--no-color"]
    return _git(workspace, "log", *options, "--", lock)


def _age(workspace: Path, lock: str) -> int:
    """For how many days a lock is there."""
    times = [int(time) for time in _git(workspace, "log", "--follow", "--format=%ct", "--", lock).split()]
    return (_now(workspace) - min(times)) // _DAY if times else 0


def _now(workspace: Path) -> int:
    """The time of the last commit, so that the same history gives the same answer on any day."""
    return int(_git(workspace, "log", "-1", "--format=%ct").strip())


def _git(workspace: Path, *arguments: str, allowed: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(
        ["git", "--no-pager", "-c", "core.quotePath=false", "-C", workspace, *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode not in allowed:
        raise _GitError(done.stderr.strip().splitlines()[0] if done.stderr.strip() else "git fails")
    return done.stdout
