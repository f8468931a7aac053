"""A real `apt-get update` and `apt-get install` in the layers, from the mirror that this machine uses."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from apt.tests.roots import Root, runfile

SUITE = os.environ["SUITE"]


def test_a_further_package_installs(tmp_path: Path) -> None:
    root = Root(tmp_path / "tree")
    root.add(runfile("BASE"))
    mirrors = json.loads(runfile("MIRRORS").read_text())["archives"]
    (sources,) = (
        (root.path / "etc/apt").rglob("*sources*/*.sources")
        if SUITE == "trixie"
        else (root.path / "etc/apt/sources.list",)
    )
    text = sources.read_text()
    # One-line style has the URL before the suite, deb822 has the field URIs above the field Suites.
    text = re.sub(rf"\S+://\S+(?=\s+(Suites: )?{SUITE}-security)", mirrors["debian-security"][0], text)
    text = re.sub(rf"\S+://\S+(?=\s+(Suites: )?{SUITE}(-updates)?\s)", mirrors["debian"][0], text)
    sources.write_text(text)
    env = {
        key: value
        for key, value in os.environ.items()
        if key.lower() in ("http_proxy", "https_proxy", "no_proxy")
    }
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "less"]):
        done = root.run(*command, network=True, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "less" in root.ok("which", "less")
    assert root.ok("dpkg", "--audit") == ""
    assert "Status: install ok installed" in root.ok("dpkg", "--status", "less")
    assert not list((root.path / "usr/share/man").glob("man1/*")), "the path rules hold for later packages"
    assert not list((root.path / "var/cache/apt").glob("*.bin"))
    assert not list((root.path / "var/cache/apt/archives").glob("*.deb"))
