"""What README and guides show is what was tested: people paste it."""

import ast
import re

import pytest

from tools.lint import workspace

ROOT = workspace.root()
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs/cuda_image.md").read_text(encoding="utf-8")
GUIDES = [
    "README.md",
    "docs/bases.md",
    "docs/cuda_image.md",
    "docs/libraries.md",
    "docs/load.md",
    "docs/publish.md",
    "docs/push.md",
    "docs/remote_cache.md",
    "docs/scale.md",
    "docs/supply_chain.md",
    "examples/README.md",
    "tools/remote_cache/README.md",
]


@pytest.mark.parametrize("text", [README, GUIDE], ids=["README.md", "cuda_image.md"])
def test_example_is_the_tested_build_file(text: str) -> None:
    blocks = re.findall(r"```starlark\n(.*?)```", text, flags=re.DOTALL)
    assert blocks == [(ROOT / "examples/BUILD.bazel").read_text(encoding="utf-8")]


@pytest.mark.parametrize("guide", GUIDES)
def test_links_lead_to_files(guide: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / guide).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / guide).parent.joinpath(link).exists()] == []


def test_the_guide_has_the_attributes_of_cuda_image() -> None:
    """In the order of the macro; Starlark's functions are Python's to the parser."""
    module = ast.parse((ROOT / "images/private/cuda_image.bzl").read_text(encoding="utf-8"))
    (macro,) = [
        each for each in module.body if isinstance(each, ast.FunctionDef) and each.name == "cuda_image"
    ]
    section = GUIDE.partition("## Attributes")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [each.arg for each in macro.args.args]
    described = re.findall(r"^        (\w+): ", ast.get_docstring(macro, clean=False) or "", re.MULTILINE)
    assert described == [each.arg for each in macro.args.args]


def test_the_guide_has_the_targets_of_cuda_image() -> None:
    """Those of the table in the macro's own description."""
    macro = (ROOT / "images/private/cuda_image.bzl").read_text(encoding="utf-8")
    targets = [
        re.findall(r"^ *\| (`NAME[^|]*) \|", text, re.MULTILINE)
        for text in (macro, GUIDE.partition("## Attributes")[0])
    ]
    assert ", ".join(targets[0]) == ", ".join(targets[1])


@pytest.mark.parametrize("guide", ["docs/remote_cache.md", "docs/scale.md"])
def test_configurations_are_in_bazelrc(guide: str) -> None:
    """And each has the address of the server that the guide lets people write down."""
    bazelrc, text = ((ROOT / file).read_text(encoding="utf-8") for file in (".bazelrc", guide))
    named = set(re.findall(r"remote-(?:cache|exec)\b[\w-]*", text))
    with_address = set(re.findall(r"^common:([\w-]+) --config=remote-server$", bazelrc, re.MULTILINE))
    assert named - with_address <= {"remote-cache-small"}
    assert "common:remote-cache-small " in bazelrc


@pytest.mark.parametrize("option", sorted(set(re.findall(r"--toolbox-\w+", README))))
def test_launcher_options_are_real(option: str) -> None:
    assert option in (ROOT / "tools/bazelw/main.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("label", sorted(set(re.findall(r"(?<!\w)//[\w/]+:\w+\b(?!\.)", README))))
def test_labels_are_built_by_tests(label: str) -> None:
    """They stand in the BUILD file of this test, so that none can go stale."""
    assert f'"{label}"' in (ROOT / "tests/readme/BUILD.bazel").read_text(encoding="utf-8")
