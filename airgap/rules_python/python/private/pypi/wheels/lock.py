"""Reads a lock: a requirements file with exact versions and hashes, as `uv pip compile` writes it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from wheels import markers, names, requirement
from wheels.errors import Problem, WheelError
from wheels.target import Target

_HASH = re.compile(r"--hash[= ]\s*(\S+)")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_COMMENT = re.compile(r"(^|\s)#.*$")
# Options that say where packages are; upstream hands these to pip for every pin. Others of a lock don't
# matter to a fetch of one file by its hash.
_PLACES = {
    "-i": "--index-url",
    "--index-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "--trusted-host": "--trusted-host",
}
# The header that uv and pip-compile write: the next comment line is the command.
_HEADER = "via the following command:"


@dataclass(frozen=True)
class Pin:
    """One line of a lock: a distribution at a version, the hashes of its files, and when it applies."""

    name: str
    version: str
    extras: tuple[str, ...]
    hashes: tuple[str, ...]
    marker: str
    line: int


@dataclass(frozen=True)
class Lock:
    """The pins of a lock file, in its order."""

    file: str
    pins: tuple[Pin, ...]
    refresh: str
    options: tuple[str, ...] = ()

    def where(self, pin: Pin) -> str:
        """Names the file and line of a pin."""
        return f"{self.file}:{pin.line}"


def refresh_hint(command: str) -> str:
    """Says how a lock is written anew."""
    return f"refresh the lock: {command}" if command else "compile the lock again, with hashes"


def about(path: Path, file: str, name: str, version: str) -> tuple[str, str]:
    """Where a pin is in the lock at a path, and the command that writes the lock: for messages.

    A lock that can't be read is named without a line; that it can't be is told elsewhere.
    """
    try:
        lock = read(path, file)
    except WheelError:
        return file, ""
    pins = [pin for pin in lock.pins if (pin.name, pin.version) == (name, version)]
    return (lock.where(pins[0]) if pins else file), lock.refresh


def _refresh_command(text: str) -> str:
    lines = text.splitlines()[:10]
    for header, command in pairwise(lines):
        if header.startswith("#") and header.rstrip().endswith(_HEADER) and command.startswith("#"):
            return command.lstrip("#").strip()
    return ""


def _neighbours_command(path: Path) -> str:
    """How a lock that is not there is written: as one beside it says, with this name for its own."""
    for other in sorted(path.parent.glob(f"*{path.suffix}")):
        try:
            words = _refresh_command(other.read_text(encoding="utf-8")).split(" ")
        except (OSError, UnicodeDecodeError):
            continue
        swapped = [{other.stem: path.stem, other.name: path.name}.get(word, word) for word in words]
        if swapped != words:
            return " ".join(swapped)
    return ""


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Joins continued lines and drops comments; yields the number of the first line of each."""
    start = 0
    parts: list[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = _COMMENT.sub("", raw).rstrip()
        start = start if parts else number
        if line.endswith("\\"):
            parts.append(line[:-1])
            continue
        logical = " ".join([*parts, line]).strip()
        parts = []
        if logical:
            yield start, logical
    if parts and " ".join(parts).strip():
        yield start, " ".join(parts).strip()


def _parse_pin(line: int, text: str) -> Pin:
    """Reads one requirement with its hashes; raises ValueError with what is wrong."""
    spec = text.partition(" --")[0]
    parsed = requirement.parse(spec)
    if parsed.url:
        raise ValueError(f"{parsed.name} is pinned to a URL; a lock has a version and hashes only")
    version = parsed.specifier.removeprefix("==").strip()
    if not parsed.specifier.startswith("==") or not re.fullmatch(r"[A-Za-z0-9.!+_-]+", version):
        raise ValueError(f"{parsed.name} is not pinned with == to one version")
    hashes = _HASH.findall(text)
    if not hashes:
        raise ValueError(f"{parsed.name}=={version} has no --hash")
    for value in hashes:
        if not _SHA256.fullmatch(value):
            raise ValueError(
                f"{parsed.name}=={version} has a malformed hash {value!r}, not sha256:64 hex digits"
            )
    return Pin(parsed.name, version, parsed.extras, tuple(sorted(set(hashes))), parsed.marker, line)


def read(path: Path, file: str) -> Lock:
    """Reads the lock at a path; see parse."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        what = "the lock is missing" if isinstance(error, FileNotFoundError) else f"{error.strerror}"
        command = _neighbours_command(path)
        remedy = f"write it: {command}" if command else "compile it, with hashes"
        raise WheelError(Problem(file, what, remedy)) from error
    except UnicodeDecodeError as error:
        raise WheelError(Problem(file, f"not a text in UTF-8: {error}", refresh_hint(""))) from error
    return parse(text, file, path.parent)


def _option(text: str, folder: Path) -> str | None:
    """An option that says where packages are, for a requirements file in any folder."""
    words = shlex.split(re.sub(r"^(-[if])(?=[^\s=])", r"\1 ", text))
    kind, equals, value = words[0].partition("=")
    kind = _PLACES.get(kind, "")
    value = value if equals else " ".join(words[1:2])
    if not kind or not value:
        return None
    if kind == "--find-links" and "://" not in value and not value.startswith("${"):
        value = os.path.normpath(folder / value)
    return f"{kind} {shlex.quote(value) if ' ' in value else value}"


def parse(text: str, file: str, folder: Path = Path()) -> Lock:
    """Reads a lock.

    Args:
        text: the content of the file.
        file: its name, for messages.
        folder: where it is; folders that it names are relative to that.

    Raises:
        WheelError: with every malformed line.
    """
    refresh = _refresh_command(text)
    pins: list[Pin] = []
    options: list[str] = []
    problems: list[Problem] = []
    for line, logical in _logical_lines(text):
        try:
            if not logical.startswith("-"):
                pins.append(_parse_pin(line, logical))
            elif option := _option(logical, folder):
                options.append(option)
        except ValueError as error:
            problems.append(Problem(f"{file}:{line}", str(error), refresh_hint(refresh)))
    if problems:
        raise WheelError(*problems)
    return Lock(file, tuple(pins), refresh, tuple(options))


def pins_for(lock: Lock, target: Target) -> dict[str, Pin]:
    """The pins that apply to a target, by package name.

    Raises:
        WheelError: a marker is malformed, or a distribution is pinned twice for the target.
    """
    chosen: dict[str, Pin] = {}
    problems: list[Problem] = []
    for pin in lock.pins:
        try:
            if pin.marker and not markers.evaluate(pin.marker, target.environment()):
                continue
        except markers.InvalidMarker as error:
            problems.append(Problem(lock.where(pin), f"{pin.name}: {error}", refresh_hint(lock.refresh)))
            continue
        package = names.package(pin.name)
        other = chosen.setdefault(package, pin)
        if other is not pin:
            problems.append(
                Problem(
                    lock.where(pin),
                    f"{pin.name}=={pin.version} is pinned already in line {other.line} "
                    f"({other.name}=={other.version}), and both apply to {target}",
                    f"keep one, or {refresh_hint(lock.refresh)}",
                )
            )
    if problems:
        raise WheelError(*problems)
    return chosen
