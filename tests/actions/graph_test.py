"""Reading an action graph, and finding work that is done twice."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.actions.graph import Action, makers, read_graph, same_work

PROTO = {
    "artifacts": [
        {"id": 1, "pathFragmentId": 2},
        {"id": 2, "pathFragmentId": 5},
        {"id": 3, "pathFragmentId": 7},
    ],
    "pathFragments": [
        {"id": 1, "label": "in"},
        {"id": 2, "label": "a.deb", "parentId": 1},
        {"id": 3, "label": "bazel-out"},
        {"id": 4, "label": "k8-fastbuild", "parentId": 3},
        {"id": 5, "label": "a.part", "parentId": 4},
        {"id": 6, "label": "k8-opt-exec-ST-1", "parentId": 3},
        {"id": 7, "label": "tool", "parentId": 6},
    ],
    "depSetOfFiles": [
        {"id": 1, "directArtifactIds": [3], "transitiveDepSetIds": [2]},
        {"id": 2, "directArtifactIds": [1]},
    ],
    "targets": [{"id": 1, "label": "//x:a"}],
    "actions": [
        {"targetId": 1, "mnemonic": "DebPart", "inputDepSetIds": [1], "outputIds": [2]},
        {"targetId": 1, "mnemonic": "Compile", "outputIds": [3]},
    ],
}


def test_actions_have_paths_and_tools_are_left_out() -> None:
    (action,) = read_graph(json.dumps(PROTO))
    assert action == Action(
        "DebPart", "//x:a", frozenset({"in/a.deb"}), frozenset({"bazel-out/k8-fastbuild/a.part"})
    )


def action(mnemonic: str, inputs: Sequence[str], output: str) -> Action:
    return Action(mnemonic, "//x", frozenset(inputs), frozenset({output}))


@pytest.mark.parametrize(
    ("actions", "twice"),
    [
        ([action("P", ["a"], "bazel-out/x/p"), action("P", ["b"], "bazel-out/x/q")], 0),
        ([action("P", ["a"], "bazel-out/x/p"), action("Q", ["a"], "bazel-out/x/q")], 0),
        ([action("P", ["a"], "bazel-out/x/p"), action("P", ["a"], "bazel-out/x/q")], 1),
        (
            [
                action("P", ["bazel-out/x/a"], "bazel-out/x/p"),
                action("P", ["bazel-out/y/a"], "bazel-out/y/p"),
            ],
            1,
        ),
        ([action("W", [], "bazel-out/x/p"), action("W", [], "bazel-out/x/q")], 0),
        ([action("W", [], "bazel-out/x/p"), action("W", [], "bazel-out/y/p")], 1),
    ],
)
def test_the_same_work_is_found_in_all_configurations(actions: list[Action], twice: int) -> None:
    assert len(same_work(actions)) == twice


def test_makers_are_found_through_what_they_need() -> None:
    part, layer = action("Part", ["deb"], "part"), action("Layer", ["part"], "layer")
    assert set(makers([part, layer, action("Other", ["part"], "other")], ["layer"])) == {part, layer}
