"""Outputs of a tool that fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.common.outputs import whole


def test_half_an_output_is_removed_and_what_is_no_file_is_not(tmp_path: Path) -> None:
    half, missing, device = tmp_path / "half", tmp_path / "missing", tmp_path / "device"
    device.symlink_to("/dev/full")
    half.write_text("half")
    with pytest.raises(FileNotFoundError), whole(half, missing, device):
        missing.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["device"]


def test_a_whole_output_stays(tmp_path: Path) -> None:
    with whole(tmp_path / "out"):
        (tmp_path / "out").write_text("all")
    assert (tmp_path / "out").read_text() == "all"
