"""Fetches one locked wheel with pip: index, proxy and certificates are what pip is set up for."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wheels.errors import Problem, WheelError
from wheels.lock import refresh_hint
from wheels.target import Target

# Settings of the user's pip that would change which file is fetched, or add others.
_DROPPED = frozenset(
    f"PIP_{name}"
    for name in (
        "ABI DEST DOWNLOAD_DIR GROUP IMPLEMENTATION LOG NO_BINARY NO_DEPS ONLY_BINARY PLATFORM PYTHON "
        "PYTHON_VERSION QUIET REPORT REQUIREMENT REQUIREMENTS_FROM_SCRIPT SRC VERBOSE"
    ).split()
)
_UNREACHABLE = re.compile(
    r"connection error|NewConnectionError|ConnectTimeout|ReadTimeout|name resolution|Max retries exceeded"
    r"|Connection (?:refused|reset|aborted|broken|timed out|to \S+ timed out)|Network is unreachable"
    r"|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|Failed to establish a new connection"
    r"|not a trusted or secure host|\b50[0234] Server Error",
    re.IGNORECASE,
)
_NO_FILE = re.compile(r"No matching distribution found|requires a different Python")
_DAMAGED = re.compile(r"is invalid|not a zip|bad zip|invalid wheel", re.IGNORECASE)
# The lines of pip's output that tell the cause.
_TELLING = re.compile(r"^(?:ERROR|WARNING): |^Could not fetch URL|^Link requires a different Python")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


class NoWheel(WheelError):
    """No locked file fits the target."""


class HashMismatch(WheelError):
    """The file that fits is not a locked one."""


@dataclass(frozen=True)
class Request:
    """A pin of a lock and the target that it is wanted for."""

    where: str
    name: str
    version: str
    hashes: tuple[str, ...]
    target: Target
    refresh: str

    @property
    def pin(self) -> str:
        """The pin as pip spells it."""
        return f"{self.name}=={self.version}"

    def error(self, what: str, remedy: str, kind: type[WheelError] = WheelError) -> WheelError:
        """An error about this pin."""
        return kind(Problem(self.where, f"{self.pin}: {what}", remedy))


def pip_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for pip: the user's, without what would change the choice of the file."""
    kept = {name: value for name, value in environment.items() if name not in _DROPPED}
    return kept | {
        # The lock decides on versions, not a constraint for the user's own environments.
        "PIP_CONSTRAINT": os.devnull,
        "PIP_REQUIRE_VIRTUALENV": "0",
        "PYTHONSAFEPATH": "1",
    }


def _download(request: Request, work: Path, below: int | None = None) -> Path:
    """Fetches the wheel that pip holds for the best; raises a WheelError if there is none."""
    requirements = work / "requirements.txt"
    hashes = " ".join(f"--hash={value}" for value in request.hashes)
    requirements.write_text(f"{request.pin} {hashes}\n", encoding="utf-8")
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
    if done.returncode != 0 or len(wheels) != 1:
        raise explain(request, done.stdout + done.stderr)
    got = sha256(wheels[0])
    if got not in request.hashes:
        raise hash_mismatch(request, got)
    return wheels[0]


def _better(request: Request, work: Path, rank: int) -> Path | None:
    """Fetches a wheel for a better platform, if one is locked."""
    try:
        wheel = _download(request, work, below=rank)
    except (NoWheel, HashMismatch):
        return None
    return wheel if request.target.rank(wheel.name) is not None else None


def _said(output: str) -> str:
    """What pip said that matters, indented."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = list(dict.fromkeys(line for line in lines if _TELLING.search(line)))
    return "".join(f"\n    pip: {line[:300]}" for line in (telling or lines)[-6:] or ["nothing"])


def explain(request: Request, output: str) -> WheelError:
    """Turns what pip said when it failed into one error."""
    output = _CREDENTIALS.sub("", output)
    got = re.findall(r"^\s*Got\s+([0-9a-f]{64})\s*$", output, re.MULTILINE)
    if got:
        return hash_mismatch(request, f"sha256:{got[0]}")
    if "No space left on device" in output:
        return request.error(
            "no space left while fetching it", "make room on the disk of Bazel's output base"
        )
    if _UNREACHABLE.search(output):
        return request.error(
            f"the package index can't be reached{_said(output)}",
            "check the network, the proxy and pip's configuration (`python3 -m pip config list`)",
        )
    if _NO_FILE.search(output):
        return request.error(
            f"no wheel for {request.target} among the locked files{_said(output)}",
            "pin a version that has a wheel for this target, or take the target out of target_platforms; "
            f"to {refresh_hint(request.refresh)}",
            NoWheel,
        )
    if "No module named pip" in output:
        return request.error("pip is missing", f"install it for {sys.executable} (Debian: python3-pip)")
    if _DAMAGED.search(output):
        return request.error(f"the wheel is damaged{_said(output)}", refresh_hint(request.refresh))
    return request.error(f"pip could not fetch it{_said(output)}", refresh_hint(request.refresh))


def hash_mismatch(request: Request, got: str) -> WheelError:
    """The error for a file that isn't the locked one."""
    expected = "".join(f"\n    expected {value}" for value in request.hashes)
    return request.error(
        f"the fetched wheel is not the locked one{expected}\n    got      {got}",
        f"if the change is meant, {refresh_hint(request.refresh)}",
        HashMismatch,
    )


def sha256(path: Path) -> str:
    """The hash of a file, spelled as in a lock."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def fetch(request: Request, folder: Path) -> Path:
    """Puts the wheel of a pin into a folder, which it leaves as it was if it fails.

    Raises:
        WheelError: there is no such file, or it isn't the locked one.
    """
    work = folder / "_fetch"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        wheel = _download(request, work)
        # pip looks at the tags of Python and ABI first; rules_python at the platform's.
        while rank := request.target.rank(wheel.name):
            better = _better(request, work, rank)
            if better is None:
                break
            wheel = better
        return wheel.rename(folder / wheel.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
