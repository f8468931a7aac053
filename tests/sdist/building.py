"""The tool that builds wheels, started as Bazel starts it, from whatever folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True)
class Building:
    """What to build with; `layout` is the image's."""

    layout: Path
    out: Path
    python: str = "3.11"
    arch: str = "amd64"
    bwrap: str = "/usr/bin/bwrap"
    wheels: Sequence[Path] = ()
    umask: int = 0o022
    env: Mapping[str, str] = field(default_factory=dict)

    def run(self, sdist: Path, *options: str) -> subprocess.CompletedProcess[str]:
        """Builds; the wheel is `wheel`."""
        line = [sys.executable, "-m", "tools.sdist_wheel", "--python", self.python, "--arch", self.arch]
        line += ["--bwrap", self.bwrap, "--layout", str(self.layout), "--image", "//some:image"]
        line += ["--label", "//some:target", "--out", str(self.wheel), *options]
        for wheel in self.wheels:
            line += ["--wheel", str(wheel)]
        env = {**os.environ, "PYTHONPATH": ":".join(sys.path), **self.env}
        return subprocess.run(
            [*line, str(sdist)], env=env, umask=self.umask, capture_output=True, text=True, check=False
        )

    def error(self, sdist: Path, *options: str) -> str:
        """What it says when it fails; nothing is left of the build."""
        done = self.run(sdist, *options)
        assert (done.returncode, done.stdout) == (1, ""), done.stdout + done.stderr
        assert done.stderr.startswith(f"error: {sdist}: "), done.stderr
        assert list(self.out.iterdir()) == []
        return done.stderr.removeprefix(f"error: {sdist}: ")

    def ok(self, sdist: Path, *options: str) -> Path:
        """The wheel."""
        done = self.run(sdist, *options)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert list(self.out.iterdir()) == [self.wheel]
        return self.wheel

    @property
    def wheel(self) -> Path:
        """Where the wheel goes."""
        return self.out / "built.whl"

    def but(self, **changes: object) -> Building:
        """The same with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]


def sha256(path: Path) -> str:
    """The hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
