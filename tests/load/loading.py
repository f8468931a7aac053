"""How tests start load, and what they look for in the answer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.load.image import load_from

BASE, RUNTIME = Path(os.environ["BASE"]).absolute(), Path(os.environ["RUNTIME"]).absolute()
_SENT = re.compile(r"sent (\d+) of (\d+) layers, (.* of .*)\n")


@dataclass(frozen=True)
class Loaded:
    """What load said."""

    code: int
    said: str
    warned: str

    @property
    def layers(self) -> tuple[int, int]:
        """How many layers were sent, and how many there are."""
        match = _SENT.search(self.said)
        assert match, self.said + self.warned
        return int(match[1]), int(match[2])


def load(layout: Path, *arguments: str, environment: Mapping[str, str]) -> Loaded:
    """Starts load as `bazel run` does."""
    command = [sys.executable, "-m", "tools.load", "--layout", str(layout), *arguments]
    environ = dict(environment) | {"PYTHONPATH": os.getcwd()}
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    return Loaded(done.returncode, done.stdout, done.stderr)


def new_layers() -> int:
    """How many layers RUNTIME has that BASE has not: fewer are never sent, though BASE is there."""
    base, runtime = load_from(BASE), load_from(RUNTIME)
    assert base.layers[0] == runtime.layers[0], "they stand on the same Debian"
    return len({each.digest for each in runtime.layers} - {each.digest for each in base.layers})
