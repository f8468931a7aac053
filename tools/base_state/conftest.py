"""Fixtures of all tests here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.apt_layer.maker import Maker
from tools.base_state.machine import Machine, dpkg_itself


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    (tmp_path / "made").mkdir()
    return Maker(tmp_path / "made")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "machine")
    made.dpkg("--install", dpkg_itself(tmp_path).path)
    return made
