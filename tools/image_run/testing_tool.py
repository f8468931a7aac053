"""For tests: image_run as its users start it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Tool:
    """The command line for one layout, with a cache of its own."""

    layout: Path
    cache: Path

    def line(self, *arguments: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "tools.image_run", "--layout", str(self.layout), *arguments]

    def env(self, **more: str) -> dict[str, str]:
        """The environment to start it in."""
        return os.environ | {"XDG_CACHE_HOME": str(self.cache), "PYTHONPATH": ":".join(sys.path)} | more

    def run(self, *arguments: str, stdin: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
        """Starts it and waits for its end."""
        return subprocess.run(
            self.line(*arguments), input=stdin, env=self.env(**env), capture_output=True, text=True
        )

    def out(self, *arguments: str, **env: str) -> str:
        """What it prints when all goes well."""
        done = self.run(*arguments, **env)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def root(self) -> Path:
        """The one unpacked root in its cache."""
        (root,) = (path for path in (self.cache / "pycuda/roots").iterdir() if path.suffix != ".lock")
        return root
