"""Runs programs in an image, each in a process of its own, as a user who may write nowhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).absolute().parent


@dataclass(frozen=True)
class Outcome:
    """What came of a program: its exit code, and all that it wrote."""

    code: int | None
    said: str


def start(
    image: Path, programs: Mapping[str, str], *options: str, env: Mapping[str, str]
) -> dict[str, Outcome]:
    """Runs programs, Python's source by name, with options of //tools/image_run and further variables."""
    line: Sequence[str] = [sys.executable, "-m", "tools.image_run", "--layout", str(image), *options]
    done = subprocess.run(
        [
            *line,
            *("--read-only", "--user", "1000:1000", "--env", "HOME=/tmp", "--", "python", "-c"),
            (_HERE / "starter.py").read_text(),
        ],
        env=os.environ | {"PYTHONPATH": ":".join(sys.path)} | dict(env),
        input=json.dumps(programs),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {name: Outcome(**each) for name, each in json.loads(done.stdout).items()}
