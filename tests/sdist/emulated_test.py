"""A wheel for arm64 is built on amd64 by the locked emulator, or it is told why the kernel refuses."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from tests.sdist.building import Building
from tools.sdist_wheel.sdist_writer import project

_BODY = """\
import platform, subprocess
seen = platform.machine() + " " + subprocess.check_output(["uname", "-m"], text=True)
return wheel(folder, tag="cp311-cp311-linux_aarch64", files={"seen.txt": seen})
"""


def test_a_wheel_for_arm64(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    building = Building(Path(os.environ["IMAGE"]), tmp_path / "out", arch="arm64")
    done = building.run(project(tmp_path, _BODY), "--emulator", os.environ["EMULATOR"])
    if "lets none but root change that" in done.stderr:
        assert 'prebuilt = {"py311_arm64": "//PACKAGE:NAME.whl"}' in done.stderr
        return
    assert (done.returncode, done.stderr) == (0, "")
    with zipfile.ZipFile(building.wheel) as archive:
        assert archive.read("seen.txt") == b"aarch64 aarch64\n"
