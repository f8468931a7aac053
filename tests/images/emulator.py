"""Starts programs of arm64 images on amd64, one process each, by QEMU's user-mode emulator from Debian."""

import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

_PROGRAM = "usr/bin/qemu-aarch64-static"


class Emulator:
    """The emulator, taken out of its package, and the root that programs are started in.

    A program that starts another one fails: this machine's kernel does not know what to do with that one.
    `scratch` is the program's /tmp, the only place where it may write.
    """

    def __init__(self, package: Path, root: Path, scratch: Path) -> None:
        self._root, self._scratch = root, scratch
        with tarfile.open(package) as part:
            member = part.extractfile(_PROGRAM)
            assert member is not None
            (scratch / "qemu").write_bytes(member.read())
        (scratch / "qemu").chmod(0o755)

    def run(self, *command: str, env: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
        """Runs a program of the root; `env` are NAME=VALUE, as in the image's config."""
        line = ["bwrap", "--ro-bind", str(self._root), "/", "--dev", "/dev", "--proc", "/proc"]
        line += ["--bind", str(self._scratch), "/tmp", "--unshare-all", "--die-with-parent", "--clearenv"]
        for entry in env:
            name, _, value = entry.partition("=")
            line += ["--setenv", name, value]
        return subprocess.run([*line, "/tmp/qemu", *command], capture_output=True, text=True, check=False)

    def ok(self, *command: str, env: Sequence[str] = ()) -> str:
        """The output of a program that succeeds."""
        done = self.run(*command, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
