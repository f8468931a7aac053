"""A scanner finds the packages of an image: all of them, each with its version, and no others.

debsbom is Debian's own. It only reads files, so images for other machines are scanned as well. What the build
says of itself, without looking at the image, is the same.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]


@pytest.fixture(scope="module", name="components")
def _components(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    out = tmp_path_factory.mktemp("sbom") / "image"
    command = ["debsbom", "generate", "--sbom-type", "cdx", "--root", str(root), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[Json] = json.loads(out.with_suffix(".cdx.json").read_text())["components"]
    return found


def packages(components: list[Json]) -> dict[str, tuple[str, str]]:
    """Version and architecture of each Debian package, by their package URLs; sources are left out."""
    found = {}
    for component in components:
        url, _, qualifiers = component.get("purl", "").partition("?arch=")
        arch = qualifiers.partition("&")[0]
        if url.startswith("pkg:deb/") and arch != "source":
            assert component["name"] not in found
            found[component["name"]] = (component["version"], arch)
    return found


def test_every_locked_package_and_no_other(
    components: list[Json], locked: dict[str, tuple[str, str]]
) -> None:
    assert packages(components) == locked


def test_the_bill_of_materials_has_what_the_scanner_finds(
    components: list[Json], sbom: list[Json], hashes: dict[str, str]
) -> None:
    assert packages(sbom) == packages(components)
    scanned = {each["purl"] for each in components if "arch=source" not in each["purl"]}
    built = [each for each in sbom if each.get("purl", "").startswith("pkg:deb/")]
    assert {each["purl"].partition("&distro=debian-")[0] for each in built} == scanned
    assert {each["name"]: each["hashes"] for each in built} == {
        name: [{"alg": "SHA-256", "content": sha256}] for name, sha256 in hashes.items()
    }
