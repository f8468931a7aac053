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
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from wheels import archive, fetch, lock, metadata
from wheels.errors import Problem, WheelError
from wheels.request import Request
from wheels.target import PLATFORMS, Target


def _pin_json(parsed: lock.Lock, pin: lock.Pin) -> dict[str, Any]:
    return {
        "extras": pin.extras,
        "hashes": pin.hashes,
        "name": pin.name,
        "options": parsed.options,
        "version": pin.version,
    }


def _read_lock(request: dict[str, Any]) -> dict[str, Any]:
    """Pins by package and platform, or the errors to show when the hub is used, by where they are."""
    packages: dict[str, dict[str, Any]] = {}
    errors: dict[str, str] = {}
    try:
        parsed = lock.read(Path(request["lock"]), request["file"])
        for platform in request["platforms"]:
            if platform not in PLATFORMS:
                known = f"known are {', '.join(PLATFORMS)}"
                raise WheelError(Problem(request["file"], f"target_platforms has {platform}", known))
            for package, pin in lock.pins_for(parsed, Target(request["python"], platform)).items():
                packages.setdefault(package, {})[platform] = _pin_json(parsed, pin)
    except WheelError as error:
        errors = {problem.where: str(problem) for problem in error.problems}
    return {"errors": errors, "packages": {} if errors else packages}


def _fetch(request: dict[str, Any]) -> dict[str, Any]:
    """Fetches a wheel and says what it depends on among the locked packages."""
    asked = request["name"], request["version"]
    where, refresh = lock.about(Path(request["lock"]), request["file"], *asked)
    pin = Request(
        where=where,
        name=request["name"],
        version=request["version"],
        hashes=tuple(request["hashes"]),
        target=Target(request["python"], request["platform"]),
        refresh=refresh,
        options=tuple(request["options"]),
    )
    wheel = fetch.fetch(pin, Path.cwd())
    try:
        found = metadata.parse(archive.metadata(wheel))
        wanted = metadata.dependencies(found, frozenset(request["extras"]), pin.target)
    except ValueError as error:
        wheel.unlink()
        raise pin.error(f"{wheel.name}: {error}", lock.refresh_hint(pin.refresh)) from error
    locked = set(request["packages"])
    return {
        "deps": [package for package in wanted if package in locked],
        "file": wheel.name,
        "missing": [package for package in wanted if package not in locked],
        "name": found.name,
        "version": found.version,
        "where": where,
    }


def _unpack(request: dict[str, Any]) -> None:
    wheel = Path(request["wheel"])
    try:
        archive.unpack(wheel, Path.cwd())
        if request["compile"]:
            archive.compile_all(Path.cwd())
    except archive.InvalidWheel as error:
        raise WheelError(Problem(wheel.name, str(error))) from error


def main(arguments: list[str]) -> int:
    """Runs one command."""
    command, argument = arguments
    try:
        if command == "locks":
            print(json.dumps([_read_lock(request) for request in json.loads(argument)], sort_keys=True))
        elif command == "fetch":
            print(json.dumps(_fetch(json.loads(argument)), sort_keys=True))
        else:
            _unpack(json.loads(argument))
    except WheelError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
