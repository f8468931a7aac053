"""//images:push has the whole matrix: each image once, as an index, under tags of its own."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from tools.push.plan import Planned, read

MATRIX = json.loads(os.environ["MATRIX"])
KINDS = ("base", "buildtime", "runtime", *MATRIX["environments"])
PLAN = read(Path(os.environ["PLAN"])).images


@pytest.mark.parametrize("python", MATRIX["pythons"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_there_for_every_python(kind: str, python: str) -> None:
    (image,) = [each for each in PLAN if each.suffix == kind and python in each.prefixes]
    assert image.layout.name.startswith(kind)


@pytest.mark.parametrize("python", MATRIX["pythons"])
@pytest.mark.parametrize("cuda", MATRIX["cuda"])
def test_every_cuda_has_its_runtime(python: str, cuda: str) -> None:
    (image,) = [each for each in PLAN if f"{python}-cuda{cuda}" in each.prefixes and each.suffix == "runtime"]
    assert f"_cuda{cuda}_" in image.layout.name
    assert (python in image.prefixes) == (cuda == MATRIX["default"])


def test_all_architectures_go_under_one_name() -> None:
    assert [each.name for each in PLAN if not each.layout.name.endswith("_index")] == []


def test_no_tag_is_for_two_images() -> None:
    places = Counter((each.suffix, prefix) for each in PLAN for prefix in each.prefixes)
    assert [place for place, count in places.items() if count > 1] == []
    assert [each.name for each in PLAN if each.repository or each.tags] == []


def test_images_are_named_by_their_targets() -> None:
    def target(image: Planned) -> str:
        return "//" + str(image.layout.parent) + ":" + image.layout.name.removesuffix("_index")

    assert [each.name for each in PLAN] == [target(each) for each in PLAN]
