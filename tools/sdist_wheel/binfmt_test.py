"""An emulator is what the kernel starts for programs of another machine; here one that prints their names."""

from __future__ import annotations

import io
import os
import platform
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.sdist_wheel import binfmt, emulation

_OTHER = {"x86_64": "arm64", "aarch64": "amd64"}[platform.machine()]
_REGISTER = """
import os, subprocess, sys
from pathlib import Path
from tools.sdist_wheel.binfmt import register
try:
    register(Path(sys.argv[1]), sys.argv[2])
except OSError as error:
    sys.exit(f"not here: {error}")
assert os.geteuid() == int(sys.argv[4])
print(subprocess.run([sys.argv[3], "word"], capture_output=True, text=True).stdout, end="")
"""


def test_the_kernel_starts_it(tmp_path: Path) -> None:
    program = tmp_path / "exit"
    program.write_bytes(emulation.tiny_program(_OTHER))
    program.chmod(0o755)
    before = Path("/proc/self/mountinfo").read_text()
    line = [sys.executable, "-c", _REGISTER, "/bin/echo", _OTHER, str(program), str(os.geteuid())]
    env = os.environ | {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(line, env=env, capture_output=True, text=True)
    if done.stderr.startswith("not here: "):
        pytest.skip(done.stderr)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{program} word\n", "")
    assert Path("/proc/self/mountinfo").read_text() == before


def test_a_registration() -> None:
    line = binfmt.registration(Path("/a/qemu"), "arm64")
    name, magic, mask, path, flags = line.split(b":")[1], *line.split(b":")[4:]
    assert (name, path, flags) == (b"sdist", b"/a/qemu", b"F")
    wanted = emulation.tiny_program("arm64")[:20]
    assert magic == "".join(f"\\x{byte:02x}" for byte in wanted).encode()
    assert len(mask) == len(magic)
    assert binfmt.registration(Path("/a:b/qemu"), "amd64").startswith(b";sdist;M;;")


def test_the_emulator_is_in_its_package(tmp_path: Path) -> None:
    package = tmp_path / "part.tar.gz"
    with tarfile.open(package, "w:gz") as part:
        info = tarfile.TarInfo("usr/bin/qemu-aarch64-static")
        info.size = 4
        part.addfile(info, io.BytesIO(b"qemu"))
    program = binfmt.take_out(package, "arm64", tmp_path)
    assert program.read_bytes() == b"qemu"
    assert program.stat().st_mode & 0o111
    with pytest.raises(ToolError, match="has no usr/bin/qemu-x86_64-static"):
        binfmt.take_out(package, "amd64", tmp_path)
