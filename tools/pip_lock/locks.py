"""Compiles one lock with uv and compares locks. No path or host of this machine gets into a lock."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError
from tools.pip_lock.pip_config import PipConfig, uv_environment

FOLDER = Path("venv/locks")
COMMAND = "./bazelw run //venv:lock --"

_PYTHON = re.compile(r"^#\s*python:\s*(\d+\.\d+)\s*$", re.MULTILINE)
_OLDEST_PYTHON = "3.9"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?)==(?P<rest>[^\\]*)")
_HASH = re.compile(r"--hash=(\S+)")
_UNREACHABLE = re.compile(
    r"error sending request|dns error|tcp connect|Connection refused|timed out|Failed to fetch"
)


@dataclass(frozen=True)
class Uv:
    """How uv is run."""

    program: Path
    config: PipConfig
    environment: Mapping[str, str]


def names(workspace: Path) -> list[str]:
    """Lists the locks of a workspace."""
    return sorted(path.stem for path in (workspace / FOLDER).glob("*.in"))


def python_version(source: str) -> str:
    """The oldest Python that a lock serves: from a line `# python: 3.11` of its source, else 3.9."""
    match = _PYTHON.search(source)
    return match[1] if match else _OLDEST_PYTHON


def pins(lock: str) -> dict[str, dict[str, frozenset[str]]]:
    """The hashes in a lock, by name and by `version ; marker`."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for block in re.split(r"\n(?=\S)", lock):
        match = _PIN.match(block)
        if match:
            found.setdefault(match["name"], {})[match["rest"].strip()] = frozenset(_HASH.findall(block))
    return found


def preferences(lock: str) -> str:
    """The pins of a lock without hashes: uv keeps the versions, and asks the index for the hashes anew."""
    return "".join(f"{name}=={rest}\n" for name, versions in pins(lock).items() for rest in versions)


def changes(old: str, new: str) -> list[str]:
    """Says in one line each what differs between two locks."""
    before, after = pins(old), pins(new)
    lines: list[str] = []
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name, {}), after.get(name, {})
        if was.keys() != now.keys():
            lines.append(f"{name}: {', '.join(was) or 'not there'} -> {', '.join(now) or 'gone'}")
            continue
        for version in now:
            gone, added = was[version] - now[version], now[version] - was[version]
            if gone or added:
                lines.append(f"{name}=={version}: {len(gone)} hashes gone, {len(added)} added")
    return lines or (["order or comments"] if old != new else [])


def _command(uv: Uv, source: Path, target: Path, name: str, python: str, upgrade: bool) -> list[str]:
    return [
        *(str(uv.program), "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
        *("--only-binary=:all:", "--no-annotate", "--no-strip-extras", "--color=never"),
        *(["--upgrade"] if upgrade else []),
        *(["--no-index"] if uv.config.no_index else []),
        f"--python={sys.executable}",
        f"--python-version={python}",
        f"--custom-compile-command={COMMAND} {name}",
        f"--output-file={target}",
        str(source),
    ]


def compile_lock(uv: Uv, workspace: Path, name: str, *, upgrade: bool = False) -> str:
    """Resolves venv/locks/NAME.in and returns what NAME.txt should hold.

    Versions in the present lock stay where they can, unless `upgrade` is set.

    Raises:
        ToolError: nothing satisfies the source, or the index can't be reached.
    """
    source = FOLDER / f"{name}.in"
    present = workspace / FOLDER / f"{name}.txt"
    try:
        text = (workspace / source).read_text(encoding="utf-8")
    except FileNotFoundError:
        known = ", ".join(names(workspace))
        raise ToolError("no such source of a lock", file=str(source), remedy=f"there are: {known}") from None
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "lock.txt"
        if present.exists():
            target.write_text(preferences(present.read_text(encoding="utf-8")), encoding="utf-8")
        command = _command(uv, source, target, name, python_version(text), upgrade)
        done = _run(uv, command, workspace)
        if done.returncode:
            raise _explain(str(source), done.stderr)
        lock = target.read_text(encoding="utf-8")
    return checked(lock, str(source))


def _run(uv: Uv, command: list[str], workspace: Path) -> subprocess.CompletedProcess[str]:
    """Runs uv on the main index and, if that has not everything, on all of pip's sources."""

    def attempt(extras: bool) -> subprocess.CompletedProcess[str]:
        environment = uv_environment(uv.config, uv.environment, extras=extras)
        return subprocess.run(command, cwd=workspace, env=environment, capture_output=True, text=True)

    done = attempt(extras=False)
    if done.returncode and (uv.config.extra_indexes or uv.config.find_links) and not uv.config.no_index:
        return attempt(extras=True)
    return done


def _explain(source: str, said: str) -> ToolError:
    said = re.sub(r"(?<=://)[^/@\s]+@", "", said).strip()
    if _UNREACHABLE.search(said):
        return ToolError(
            f"the package index can't be reached\n{said}",
            file=source,
            remedy="check the network, the proxy and pip's configuration (`python3 -m pip config list`)",
        )
    return ToolError(f"nothing satisfies it\n{said}", file=source, remedy="relax a requirement in it")


def checked(lock: str, source: str) -> str:
    """Returns a lock that names packages and hashes only; anything else came from the source."""
    for line in lock.splitlines():
        if "://" in line or re.match(r"[^#]*(^|\s)(/|\./|-[ief]\s)", line):
            raise ToolError(
                f"the lock would name a host or a path: {line.strip()}",
                file=source,
                remedy="say where packages come from in pip's configuration instead",
            )
    return lock


def replace(path: Path, text: str) -> None:
    """Writes a file at once or not at all."""
    descriptor, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
