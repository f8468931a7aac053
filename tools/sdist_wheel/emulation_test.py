"""The tiny program starts, where it is for this machine, and is refused as any other where it isn't."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import pytest

from tools.image_run.host import find_bwrap, probe
from tools.sdist_wheel import emulation

_OWN = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


def test_it_starts_on_its_own_machine(tmp_path: Path) -> None:
    program = tmp_path / "exit"
    program.write_bytes(emulation.tiny_program(_OWN))
    program.chmod(0o755)
    assert subprocess.run([program]).returncode == 0
    assert emulation.starts(_OWN, probe(find_bwrap()))


def test_another_machine_needs_an_emulator(tmp_path: Path) -> None:
    (other,) = {"amd64", "arm64"} - {_OWN}
    program = tmp_path / "exit"
    program.write_bytes(emulation.tiny_program(other))
    program.chmod(0o755)
    # The shell says what is wrong where Python raises; an emulator may be there outside only.
    emulated = subprocess.run(["sh", "-c", program], capture_output=True).returncode == 0
    assert emulated or not emulation.starts(other, probe(find_bwrap()))


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_it_is_a_program_in_the_eyes_of_others(arch: str, tmp_path: Path) -> None:
    program = tmp_path / "exit"
    program.write_bytes(emulation.tiny_program(arch))
    said = subprocess.run(["readelf", "-hl", program], capture_output=True, text=True).stdout
    assert {"amd64": "X86-64", "arm64": "AArch64"}[arch] in said
    assert "LOAD" in said
