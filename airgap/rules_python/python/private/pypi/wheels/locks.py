"""The command `locks`: what a lock has for each target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wheels import lock
from wheels.errors import Problem, WheelError
from wheels.target import PLATFORMS, Target


def read(request: dict[str, Any]) -> dict[str, Any]:
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


def _pin_json(parsed: lock.Lock, pin: lock.Pin) -> dict[str, Any]:
    return {
        "extras": pin.extras,
        "hashes": pin.hashes,
        "name": pin.name,
        "options": parsed.options,
        "version": pin.version,
    }
