"""What the pip extension and its repository rules run; each takes and prints JSON.

    PYTHON -BIS wheels locks '[{"lock": PATH, ...}]'    the pins of each lock, by target
    PYTHON -BIS wheels fetch '{"name": ..., ...}'       one wheel into the current folder
    PYTHON -BIS wheels unpack '{"wheel": PATH, ...}'    one wheel unpacked into the current folder

Standard library only, and any Python from 3.11 on: it runs before Bazel has fetched anything.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from wheels.errors import WheelError


def main(arguments: list[str]) -> int:
    """Runs one command. What fetches and unpacks is imported by who needs it: each build reads the locks."""
    command, argument = arguments
    try:
        if command == "locks":
            from wheels import locks

            print(json.dumps([locks.read(request) for request in json.loads(argument)], sort_keys=True))
            return 0
        from wheels import wheel

        if command == "fetch":
            print(json.dumps(wheel.fetch(json.loads(argument)), sort_keys=True))
        else:
            wheel.unpack(json.loads(argument))
    except WheelError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
