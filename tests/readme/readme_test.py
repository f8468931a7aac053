"""What the README shows is what was tested: people paste it."""

import re

import pytest

from tools.lint import workspace

ROOT = workspace.root()
EXAMPLE = "tests/own_image"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_example_is_the_tested_build_file() -> None:
    blocks = re.findall(r"```starlark\n(.*?)```", README, flags=re.DOTALL)
    assert blocks == [(ROOT / EXAMPLE / "BUILD.bazel").read_text(encoding="utf-8")]


@pytest.mark.parametrize("option", sorted(set(re.findall(r"--toolbox-\w+", README))))
def test_launcher_options_are_real(option: str) -> None:
    assert option in (ROOT / "tools/bazelw/main.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("label", sorted(set(re.findall(r"(?<!\w)//[\w/]+:\w+\b(?!\.)", README))))
def test_labels_are_built_by_tests(label: str) -> None:
    """They stand in the BUILD file of this test or in the example, so that none can go stale."""
    package, _, name = label[2:].partition(":")
    if package == EXAMPLE:
        assert f'name = "{name}"' in (ROOT / EXAMPLE / "BUILD.bazel").read_text(encoding="utf-8")
    else:
        assert f'"{label}"' in (ROOT / "tests/readme/BUILD.bazel").read_text(encoding="utf-8")
