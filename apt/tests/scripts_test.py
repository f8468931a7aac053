"""`apt.lock(scripts = ...)`: what a maintainer script would do is said in MODULE.bazel, for one lock."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apt.tests.nested import Nested, locked
from tools.deb_part.debs import Content, build

MODULE = """
apt.lock(name = "plain", lock = "//apt/locks:bookworm.json")
apt.lock(name = "explained", lock = "//apt/locks:bookworm.json", scripts = ["//apt/locks:scripts.json"])
use_repo(apt, "explained", "plain")
"""
LAYERS = """
load("//apt:defs.bzl", "apt_layer")
[apt_layer(name = name, arch = "amd64", lock = "@" + name, set = "base") for name in ["explained", "plain"]]
"""
SCRIPT = '#!/bin/sh\nset -e\nif [ "$1" = configure ]; then\n  mkdir /var/lib/tool\nfi\n'
EFFECT = {"dir": "var/lib/tool", "mode": "0700", "uid": 7, "why": "its postinst makes it"}


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nested]:
    workspace = Nested(tmp_path_factory.mktemp("nested"))
    module = workspace.root / "MODULE.bazel"
    text = module.read_text()
    module.unlink()
    module.write_text(text + MODULE)
    (workspace.own / "scripts.json").write_text(json.dumps({"version": 1, "packages": {"tool": [EFFECT]}}))
    (workspace.own / "layers").mkdir()
    (workspace.own / "layers/BUILD.bazel").write_text(LAYERS)
    yield workspace
    workspace.bazel("shutdown")


def test_a_script_is_explained_for_one_lock(nested: Nested, tmp_path: Path) -> None:
    mirror = tmp_path / "debian"
    built = build(tmp_path, "tool", Content(files={"usr/bin/tool": ""}, scripts={"postinst": SCRIPT}))
    nested.lock({"tool": locked(built.path, mirror, name="tool", version="1.0", arch="amd64")})
    env = {"APT_MIRROR": f"file:{mirror}"}
    done = nested.bazel("build", "//apt/locks/layers:plain", env=env)
    assert done.returncode == 1, done.stderr
    assert "tool 1.0 has maintainer scripts that would change the image:" in done.stderr
    assert "postinst:4: mkdir /var/lib/tool" in done.stderr
    assert 'apt.lock(scripts = ["//:scripts.json"])' in done.stderr
    done = nested.bazel("build", "//apt/locks/layers:explained", env=env)
    assert done.returncode == 0, done.stderr
    listed = nested.bazel("cquery", "--output=files", "//apt/locks/layers:explained", env=env).stdout
    with tarfile.open(nested.root / listed.split()[0]) as layer:
        made = layer.getmember("var/lib/tool")
    assert (made.mode, made.uid) == (0o700, 7)
