"""Checks that the parts of a virtual environment go together, over all its layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tools.common.errors import ToolError
from tools.common.names import canonical
from tools.venv_check.requires import allows
from tools.venv_check.tags import Target, problem
from tools.venv_part.facts import Facts, File, folders_above


@dataclass(frozen=True)
class Policy:
    """What the environment is for: Python's version in full, the target of wheels, and names of paths that
    may be in two wheels and differ; the one in the upper layer, then the one whose distribution comes later
    by name, counts.
    """

    version: str
    target: Target
    allowed: tuple[str, ...] = ()


def problems(parts: Sequence[Facts], policy: Policy) -> list[ToolError]:
    """All that is wrong: wheels for another Python or platform, distributions twice, paths of two owners."""
    parts = sorted(parts, key=lambda facts: (canonical(facts.name), facts.source))
    found = [*_for_others(parts, policy), *_twice(parts)]
    return found or [*_conflicts(parts, policy), *_files_and_folders(parts)]


def _for_others(parts: Sequence[Facts], policy: Policy) -> list[ToolError]:
    found = []
    for facts in parts:
        if wrong := problem(facts.tags, policy.target):
            remedy = "Lock a version that has a wheel for this image, or build one from source: sdist_wheel."
            found.append(ToolError(f"{facts.name} {facts.version} {wrong}", file=facts.source, remedy=remedy))
        elif not allows(facts.requires_python, policy.version):
            text = f"{facts.name} {facts.version} requires Python {facts.requires_python}"
            text += f", this is Python {policy.version}"
            remedy = "Say in the lock's source which version this Python gets, and write the lock anew."
            found.append(ToolError(text, file=facts.source, remedy=remedy))
    return found


def _twice(parts: Sequence[Facts]) -> list[ToolError]:
    found = []
    seen: dict[str, Facts] = {}
    for facts in parts:
        if facts.name:
            other = seen.setdefault(canonical(facts.name), facts)
            if other is not facts:
                problem = f"{facts.name} is there twice: {other.source} and {facts.source}"
                found.append(
                    ToolError(problem, remedy="Take one of them out of `wheels`, or out of the lock.")
                )
    return found


def _conflicts(parts: Sequence[Facts], policy: Policy) -> list[ToolError]:
    found = []
    owners: dict[str, tuple[Facts, File]] = {}
    for facts in parts:
        for path, file in sorted(files(facts).items()):
            other, same = owners.setdefault(path, (facts, file))
            what = f"/{path} is in both {other.source} and {facts.source}, and differs{_mode(same, file)}"
            if same != file and not any(fnmatchcase(f"/{path}", pattern) for pattern in policy.allowed):
                found.append(
                    ToolError(
                        what,
                        remedy="Take one of them out of the lock, or name the path in allow_duplicates.",
                    )
                )
    return found


def _mode(one: File, other: File) -> str:
    """What is to be said where the content is the same."""
    same = (one.sha256, one.size) == (other.sha256, other.size)
    return f", in its mode: {one.mode:o} and {other.mode:o}" if same else ""


def _files_and_folders(parts: Sequence[Facts]) -> list[ToolError]:
    owners = {path: facts for facts in parts for path in files(facts)}
    folders: dict[str, Facts] = {}
    for facts in parts:
        paths = [*files(facts), *facts.compiled, *(f"{folder}/x" for folder in facts.folders)]
        folders |= {folder: facts for folder in folders_above(paths) if folder not in folders}
    return [
        ToolError(
            f"/{path} is a file in {owners[path].source} and a folder in {folders[path].source}",
            remedy="Only one can be in this environment: take the other out of `wheels`, or of the lock.",
        )
        for path in sorted(owners.keys() & folders.keys())
    ]


def files(facts: Facts) -> dict[str, File]:
    """What a part has of its own, links too. Byte code follows its modules and needs no check."""
    return {
        **facts.files,
        **{path: File(0o777, f"link to {target}", 0) for path, target in facts.links.items()},
    }
