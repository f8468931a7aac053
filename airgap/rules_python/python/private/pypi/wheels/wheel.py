"""The commands for one wheel: `fetch` and `unpack`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wheels import archive, lock, metadata
from wheels import fetch as fetching
from wheels.errors import Problem, WheelError
from wheels.request import Request
from wheels.target import Target


def fetch(request: dict[str, Any]) -> dict[str, Any]:
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
    wheel = fetching.fetch(pin, Path.cwd())
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


def unpack(request: dict[str, Any]) -> None:
    """Unpacks a wheel into the current folder, and compiles its modules where that is asked for."""
    wheel = Path(request["wheel"])
    try:
        archive.unpack(wheel, Path.cwd())
        if request["compile"]:
            archive.compile_all(Path.cwd())
    except archive.InvalidWheel as error:
        raise WheelError(Problem(wheel.name, str(error))) from error
