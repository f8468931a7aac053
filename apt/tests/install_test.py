"""A real `apt-get update` and `apt-get install` in the layers, from the mirror that this machine uses."""

from __future__ import annotations

import os
from pathlib import Path

from apt.tests.roots import Root, runfile, use_mirrors

SUITE = os.environ["SUITE"]


def test_a_further_package_installs(tmp_path: Path) -> None:
    root = Root(tmp_path / "tree")
    root.add(runfile("BASE"))
    env = use_mirrors(root, SUITE)
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "less"]):
        done = root.run(*command, network=True, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "less" in root.ok("which", "less")
    assert root.ok("dpkg", "--audit") == ""
    assert "Status: install ok installed" in root.ok("dpkg", "--status", "less")
    assert not list((root.path / "usr/share/man").glob("man1/*")), "the path rules hold for later packages"
    assert not list((root.path / "var/cache/apt").glob("*.bin"))
    assert not list((root.path / "var/cache/apt/archives").glob("*.deb"))
