"""Fetches one locked wheel with pip: index, proxy and certificates are what pip is set up for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from wheels import cache
from wheels.explain import explain, unreachable
from wheels.request import HashMismatch, NoWheel, Request, check_variables, hash_mismatch

# Settings of the user's pip that would change which file is fetched, or add others.
_DROPPED = frozenset(
    f"PIP_{name}"
    for name in (
        "ABI DEST DOWNLOAD_DIR GROUP IMPLEMENTATION LOG NO_BINARY NO_DEPS ONLY_BINARY PLATFORM PYTHON "
        "PYTHON_VERSION QUIET REPORT REQUIREMENT REQUIREMENTS_FROM_SCRIPT SRC VERBOSE"
    ).split()
)


def pip_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for pip: the user's, without what would change the choice of the file."""
    kept = {name: value for name, value in environment.items() if name not in _DROPPED}
    return kept | {
        # The lock decides on versions, not a constraint for the user's own environments.
        "PIP_CONSTRAINT": os.devnull,
        "PIP_REQUIRE_VIRTUALENV": "0",
        "PYTHONSAFEPATH": "1",
    }


def _download(request: Request, work: Path, below: int | None = None) -> tuple[Path, bool]:
    """Fetches the wheel that pip holds for the best, and says whether pip has seen all that there is.

    Raises:
        WheelError: there is none.
    """
    requirements = work / "requirements.txt"
    hashes = " ".join(f"--hash={value}" for value in request.hashes)
    lines = [*request.options, f"{request.pin} {hashes}"]
    requirements.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    folder = work / f"downloads-{below}"
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "download",
                "--no-deps",
                "--require-hashes",
                "--only-binary=:all:",
            ),
            *("--no-input", "--no-color", "--progress-bar=off", "--disable-pip-version-check", "-vv"),
            *request.target.pip_options(below),
            f"--dest={folder}",
            f"--requirement={requirements}",
        ],
        cwd=work,
        # Beside the result, for /tmp may be too small for a big wheel.
        env=pip_environment(os.environ) | {"TMPDIR": str(work)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    wheels = sorted(folder.glob("*.whl"))
    said = done.stdout + done.stderr
    if done.returncode != 0 or len(wheels) != 1:
        raise explain(request, said)
    got = cache.sha256(wheels[0])
    if got not in request.hashes:
        raise hash_mismatch(request, got)
    return wheels[0], not unreachable(said)


def _better(request: Request, work: Path, rank: int) -> Path | None:
    """Fetches a wheel for a better platform, if one is locked."""
    try:
        wheel, _ = _download(request, work, below=rank)
    except (NoWheel, HashMismatch):
        return None
    return wheel if request.target.rank(wheel.name) is not None else None


def fetch(request: Request, folder: Path) -> Path:
    """Puts the wheel of a pin into a folder, which it leaves as it was if it fails.

    Raises:
        WheelError: there is no such file, or it isn't the locked one.
    """
    kept = cache.folder(os.environ)
    known = cache.get(kept, request, folder) if kept else None
    if known:
        return known
    check_variables(request, os.environ)
    work = folder / "_fetch"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        wheel, certain = _download(request, work)
        # pip looks at the tags of Python and ABI first; rules_python at the platform's.
        while rank := request.target.rank(wheel.name):
            better = _better(request, work, rank)
            if better is None:
                break
            wheel = better
        wheel = wheel.rename(folder / wheel.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if kept and certain:
        cache.put(kept, request, wheel)
    return wheel
