"""Bazel's action graph, as `bazel aquery --output=jsonproto` prints it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_OUTPUT = re.compile(r"bazel-out/[^/]+/")
_TOOL = re.compile(r"bazel-out/[^/]*-exec[^/]*/")


@dataclass(frozen=True)
class Action:
    """One action; paths are those that it sees. Tools and what they consist of are left out of the inputs."""

    mnemonic: str
    target: str
    inputs: frozenset[str]
    outputs: frozenset[str]

    def work(self) -> tuple[str, frozenset[str]]:
        """What it does, in whatever configuration: actions that agree in this do the same work."""
        files = self.inputs or self.outputs
        return self.mnemonic, frozenset(_OUTPUT.sub("", path) for path in files)


def read_graph(text: str) -> list[Action]:
    """The actions of all targets that are not tools."""
    data = json.loads(text)
    paths = _paths(data)
    files = _depsets(data)
    targets = {each["id"]: each["label"] for each in data["targets"]}
    actions = []
    for each in data["actions"]:
        inputs = frozenset(paths[file] for depset in each.get("inputDepSetIds", []) for file in files[depset])
        outputs = frozenset(paths[file] for file in each["outputIds"])
        if not any(map(_TOOL.match, outputs)):
            used = frozenset(path for path in inputs if not _TOOL.match(path))
            actions.append(Action(each["mnemonic"], targets[each["targetId"]], used, outputs))
    return actions


def makers(actions: Iterable[Action], files: Iterable[str]) -> list[Action]:
    """The actions that files are made by, and those that these need."""
    by_output: dict[str, list[Action]] = defaultdict(list)
    for action in actions:
        for path in action.outputs:
            by_output[path].append(action)
    found: dict[Action, None] = {}
    todo = list(files)
    while todo:
        for action in by_output.get(todo.pop(), []):
            if action not in found:
                found[action] = None
                todo += action.inputs
    return list(found)


def same_work(actions: Iterable[Action]) -> list[Sequence[Action]]:
    """Groups of actions that do the same work."""
    groups: dict[tuple[str, frozenset[str]], list[Action]] = defaultdict(list)
    for action in actions:
        groups[action.work()].append(action)
    return [group for group in groups.values() if len(group) > 1]


def _paths(data: Mapping[str, Any]) -> dict[int, str]:
    fragments = {each["id"]: (each.get("parentId"), each["label"]) for each in data["pathFragments"]}

    def path(fragment: int) -> str:
        parent, label = fragments[fragment]
        return f"{path(parent)}/{label}" if parent else str(label)

    return {each["id"]: path(each["pathFragmentId"]) for each in data["artifacts"]}


def _depsets(data: Mapping[str, Any]) -> dict[int, frozenset[int]]:
    sets = {each["id"]: each for each in data["depSetOfFiles"]}
    files: dict[int, frozenset[int]] = {}
    todo = list(sets)
    while todo:  # without recursion: depsets can be deep
        each = sets[todo[-1]]
        waiting = [child for child in each.get("transitiveDepSetIds", []) if child not in files]
        if waiting:
            todo += waiting
            continue
        todo.pop()
        below = (files[child] for child in each.get("transitiveDepSetIds", []))
        files[each["id"]] = frozenset(each.get("directArtifactIds", [])).union(*below)
    return files
