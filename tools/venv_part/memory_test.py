"""The memory that a large wheel takes, as the system counts it."""

from __future__ import annotations

import random
import subprocess
import sys
import zipfile
from pathlib import Path

from tools.elf_scan.elf_writer import Spec, write
from tools.wheel.zip_writer import Raw, raw_wheel

_MOST = 64 << 20

# VmHWM is the most that a process had at a time; resource's ru_maxrss would begin with this test's own.
_RUN = """\
import pathlib, sys
from tools.venv_part.__main__ import main
def most():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
before = most()
main(sys.argv[1:])
print(most() - before)
"""


def test_a_wheel_of_any_size_takes_at_most_64_megabytes(tmp_path: Path) -> None:
    """Libraries that are deflated and stored, and as many files as the largest wheels have."""
    library = (
        write(Spec(soname="libtiny.so.1", needed=("libm.so.6",))) + random.Random(0).randbytes(8 << 20) * 16
    )
    members = [Raw("tiny/deflated.so", library), Raw("tiny/stored.so", library, zipfile.ZIP_STORED)]
    members += [Raw(f"tiny/include/folder{number % 50}/name{number}.h", b"text") for number in range(13_000)]
    wheel = raw_wheel(tmp_path, members)
    del library, members
    outputs = [f"--{name}={tmp_path / name}" for name in ("part", "facts", "libraries")]
    command = [sys.executable, "-c", _RUN, "--prefix=/app", "--python=3.11", *outputs, str(wheel)]
    environment = {"PYTHONPATH": ":".join(sys.path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.stderr == ""
    assert int(done.stdout) < _MOST
    assert (tmp_path / "libraries").read_text(encoding="utf-8").count("libm.so.6") == 2
