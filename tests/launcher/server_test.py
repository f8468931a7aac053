"""Bazel's server in the toolbox starts with what another has loaded before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reproducible.nested import Surroundings, bazel
from tools.bazelw import jvm
from tools.lint.workspace import root


@pytest.mark.skipif(not Path(jvm.DIRECTIVES).exists(), reason="this Bazel is not the toolbox's")
def test_servers_use_the_cache(tmp_path: Path) -> None:
    where = Surroundings(root(), tmp_path / "out", 0o022, {})
    number = bazel(where, "info", "--disk_cache=", "server_pid").strip()
    try:
        maps = Path(f"/proc/{number}/maps").read_text(encoding="utf-8")
    finally:
        bazel(where, "shutdown", "--disk_cache=")
    assert jvm.CACHE in maps
