"""Starts programs in an image, for tests: the image's own Python runs this file, any from 3.9 on.

    python -c STARTER <programs.json

Each program, Python's source by a name, is a process of its own; what came of it is written as JSON.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

_AT_ONCE = 2
_SECONDS = 300


def start(code: str) -> dict[str, object]:
    """Runs a program to its end."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return {"code": None, "said": f"no end after {_SECONDS} seconds"}
    return {"code": done.returncode, "said": done.stdout + done.stderr}


def main() -> None:
    """Runs all."""
    programs: dict[str, str] = json.load(sys.stdin)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        outcomes = {name: threads.submit(start, code) for name, code in programs.items()}
    json.dump({name: outcome.result() for name, outcome in outcomes.items()}, sys.stdout)


main()
