"""Another version of one distribution: one part and one layer of the environment are made anew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.actions.workspace import Workspace

LOCK = Path("venv/locks/vanilla.txt")
OTHER = """\
packaging==25.0 \\
    --hash=sha256:29572ef2b1f17581046b3a2227d5c611fb25ec70ca1ba8554b24b0e69331a484
"""

# pip and setuptools are in layers of their own; the rest is wheel, and packaging, which it depends on.
BUILD = """\
load("//venv:defs.bzl", "venv_layer")

venv_layer(
    name = "venv",
    arch = "amd64",
    layers = {"pip": ["pip"], "setuptools": ["setuptools"]},
    python = "3.11",
    python_layer = "//images:python3.11_amd64",
    wheels = ["@vanilla//{}:whl".format(wheel) for wheel in ["pip", "setuptools", "wheel"]],
)
"""


@contextmanager
def probe(folder: Path, build: str) -> Iterator[Workspace]:
    """A workspace with //probe:venv."""
    made = Workspace(folder, "//probe:venv")
    (made.path / "probe").mkdir()
    (made.path / "probe/BUILD.bazel").write_text(build, encoding="utf-8")
    try:
        yield made
    finally:
        made.shutdown()


def digests(workspace: Workspace) -> dict[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in workspace.outputs().items()}


@pytest.fixture(name="workspace")
def _workspace(tmp_path: Path) -> Iterator[Workspace]:
    with probe(tmp_path, BUILD) as made:
        yield made


def test_a_new_pin_remakes_its_part_and_its_layer(workspace: Workspace) -> None:
    first = workspace.build()
    assert len(first["VenvPart"]) == 4
    assert first["VenvLayer"] == ["venv"] * 3
    assert len(first["ByteCompiler"]) == len(first["VenvSkeleton"]) == 1
    before = digests(workspace)
    assert workspace.build() == {}
    lock = workspace.path / LOCK
    blocks = lock.read_text(encoding="utf-8").split("\npackaging==")
    rest = blocks[1][blocks[1].index("\npip==") :]
    lock.write_text(f"{blocks[0]}\n{OTHER.rstrip()}{rest}", encoding="utf-8")
    again = workspace.build()
    assert {mnemonic: len(targets) for mnemonic, targets in again.items()} == {
        "VenvCheck": 1,
        "VenvLayer": 1,
        "VenvPart": 1,
    }
    after = digests(workspace)
    assert {name for name in before if after[name] != before[name]} == {"venv.tar.gz"}
    assert len(before) == len(after) == 3


def test_without_byte_code_nothing_is_compiled(tmp_path: Path) -> None:
    with probe(tmp_path, BUILD.replace("    layers", "    byte_code = False,\n    layers")) as workspace:
        ran = workspace.build()
    assert len(ran["VenvPart"]) == 4
    assert "ByteCompiler" not in ran
