"""Starts commands in an image with image_run, as the tests of this folder do."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    """Starts commands in an image, each in a fresh view of it: what one writes is gone at its end."""

    layout: Path
    cache: Path

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Starts a command; options of image_run come before it."""
        environment = os.environ | {"PYTHONPATH": ":".join(sys.path), "XDG_CACHE_HOME": str(self.cache)}
        line = [sys.executable, "-m", "tools.image_run", "--layout", str(self.layout), *arguments]
        return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)


def output(done: subprocess.CompletedProcess[str]) -> str:
    """The output of a command that succeeds."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
