"""No layer is made twice, however many images have it and in whatever configuration they are built."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actions.graph import Action, makers, read_graph, same_work
from tests.reproducible.nested import OPTIONS, Surroundings, bazel, shared_downloads
from tools.lint.workspace import root

_LAYERS = (".tar", ".tar.gz", ".tgz")
_IMAGE = "OCIImage"
_BUILD_OPTIONS = ("--jobs=", "--symlink_prefix=")  # query does not know them


@pytest.fixture(scope="module", name="actions")
def _actions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Action]]:
    """The actions of all images, link tests and bills of materials in //images, and of what they need."""
    where = Surroundings(root(), tmp_path_factory.mktemp("nested") / "out", 0o022, {})
    options = [*OPTIONS, *shared_downloads(Path(os.environ["TEST_TMPDIR"]))]
    everything = "kind('(oci_image.*|link_test|image_sbom_rule) rule', //images:all)"
    wanted = f"{everything} except attr(tags, manual, {everything})"
    try:
        loading = [option for option in options if not option.startswith(_BUILD_OPTIONS)]
        images = bazel(where, "query", *loading, wanted).split()
        assert len(images) > 1
        query = f"deps(set({' '.join(images)}))"
        yield read_graph(bazel(where, "aquery", *options, "--output=jsonproto", query))
    finally:
        bazel(where, "shutdown")


def layers(actions: list[Action]) -> Counter[str]:
    """How many images have each layer."""
    return Counter(
        path
        for action in actions
        if action.mnemonic == _IMAGE
        for path in action.inputs
        if path.endswith(_LAYERS)
    )


def test_images_share_layers(actions: list[Action]) -> None:
    """Else the other tests would say nothing."""
    assert sum(action.mnemonic == _IMAGE for action in actions) > 1
    assert max(layers(actions).values()) > 1


def test_each_layer_and_what_it_is_made_of_is_made_once(actions: list[Action]) -> None:
    made = makers(actions, layers(actions))
    assert {action.mnemonic for action in made} >= {"AptLayer", "CudaLayer", "DebPart", "LdCache"}
    twice = [
        f"{group[0].mnemonic} {' and '.join(sorted(output for action in group for output in action.outputs))}"
        for group in same_work(made)
    ]
    assert not twice, "\n".join(twice)


@pytest.mark.parametrize("mnemonic", ["LayerLibraries", "OCIDescriptor"])
def test_each_layer_is_looked_into_once_and_wheels_not_again(actions: list[Action], mnemonic: str) -> None:
    readers = [action for action in actions if action.mnemonic == mnemonic]
    assert len(readers) > 10
    assert not [group[0].outputs for group in same_work(readers)]
    made = {path: action for action in actions for path in action.outputs}
    assert not [
        path
        for reader in readers
        for path in reader.inputs
        if path in made and made[path].mnemonic == "VenvLayer"
    ]


def test_each_deb_is_unpacked_once(actions: list[Action]) -> None:
    debs = Counter(
        path
        for action in actions
        if action.mnemonic == "DebPart"
        for path in action.inputs
        if path.endswith(".deb")
    )
    assert [deb for deb, count in debs.items() if count > 1] == []
    assert len(debs) == sum(action.mnemonic == "DebPart" for action in actions)


def test_each_part_is_described_once_and_for_no_image(actions: list[Action]) -> None:
    described = [action for action in actions if action.mnemonic == "Component"]
    assert len(described) > 500
    assert not [group[0].outputs for group in same_work(described)]
    images = [path for action in actions if action.mnemonic == _IMAGE for path in action.outputs]
    assert not [action for action in makers(actions, images) if action.mnemonic in ("Component", "Sbom")]
