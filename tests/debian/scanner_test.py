"""A scanner finds the packages of an image: all of them, each with its version, and no others.

debsbom is Debian's own. It only reads files, so images for other machines are scanned as well.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module", name="components")
def _components(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    out = tmp_path_factory.mktemp("sbom") / "image"
    command = ["debsbom", "generate", "--sbom-type", "cdx", "--root", str(root), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(out.with_suffix(".cdx.json").read_text())["components"]
    return found


def test_every_locked_package_and_no_other(
    components: list[dict[str, str]], locked: dict[str, tuple[str, str]]
) -> None:
    found = {}
    for component in components:
        arch = component["purl"].partition("?arch=")[2]
        if arch != "source":
            found[component["name"]] = (component["version"], arch)
    assert found == locked
