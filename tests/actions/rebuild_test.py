"""What is made anew when one thing changes: that, what is made of it, and nothing else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apt.tests.nested import locked
from tests.actions.workspace import Workspace

IMAGE = "//images:runtime_py313_cuda12_amd64"
LOCK = "apt/locks/trixie.json"
PACKAGE = "netbase"


@pytest.fixture(scope="module", name="workspace")
def _workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made = Workspace(tmp_path_factory.mktemp("rebuild"), IMAGE)
    try:
        first = made.build()
        assert len(first["DebPart"]) == len(set(first["DebPart"])) > 50
        assert len(first["AptLayer"]) == 2
        yield made
    finally:
        made.shutdown()


def test_nothing_changed_nothing_runs(workspace: Workspace) -> None:
    assert workspace.build() == {}


def test_a_new_pin_remakes_its_package_and_what_has_it(workspace: Workspace, tmp_path: Path) -> None:
    newer = _repacked(workspace, tmp_path)

    def pin(lock: Any) -> None:
        for arch in lock["packages"]:
            lock["packages"][arch][PACKAGE] = newer

    workspace.edit(LOCK, pin)
    assert workspace.build() == {
        "DebPart": [f"{PACKAGE}.all"],
        "AptLayer": ["debian_trixie_amd64", "python3.13_amd64"],
        "LdCache": ["runtime_py313_cuda12_amd64_ld_cache"],
        # The loader's cache comes out as it was, so that nobody looks at it again.
        "OCIDescriptor": ["debian_trixie_amd64", "python3.13_amd64"],
        "OCIImage": ["runtime_py313_cuda12_amd64"],
    }


def test_another_reason_in_a_policy_asks_the_policy_and_remakes_no_layer(workspace: Workspace) -> None:
    workspace.edit("apt/policy/rights.json", lambda policy: policy.update(why="Another reason."))
    assert workspace.build() == {"AptLayer": ["debian_trixie_amd64", "python3.13_amd64"]}


def _repacked(workspace: Workspace, folder: Path) -> dict[str, Any]:
    """A newer version of the package, made of the locked one by dpkg-deb; returns its entry in the lock."""
    lock = json.loads((workspace.path / LOCK).read_text(encoding="utf-8"))
    entry = lock["packages"]["amd64"][PACKAGE]
    (deb,) = workspace.path.parent.glob(f"out/external/*trixie_{PACKAGE}_*_all/package.deb")
    subprocess.run(["dpkg-deb", "--raw-extract", deb, folder / "tree"], check=True)
    control = folder / "tree/DEBIAN/control"
    version = entry["version"] + "+test1"
    control.write_text(control.read_text().replace(f"Version: {entry['version']}", f"Version: {version}"))
    new = folder / f"{PACKAGE}_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", folder / "tree", new], check=True)
    return locked(new, workspace.mirror, name=PACKAGE, version=version, arch="all")
