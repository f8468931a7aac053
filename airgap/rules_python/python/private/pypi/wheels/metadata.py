"""What a wheel depends on: Requires-Dist of its METADATA, for one target."""

from __future__ import annotations

from dataclasses import dataclass
from email.parser import HeaderParser

from wheels import markers, names, requirement
from wheels.target import Target


@dataclass(frozen=True)
class Metadata:
    """The part of METADATA that resolving needs."""

    name: str
    version: str
    requires: tuple[requirement.Requirement, ...]


def parse(text: str) -> Metadata:
    """Reads METADATA.

    Raises:
        ValueError: a requirement in it is malformed.
    """
    message = HeaderParser().parsestr(text, headersonly=True)
    requires = [requirement.parse(str(value)) for value in message.get_all("Requires-Dist", [])]
    return Metadata(str(message.get("Name", "")), str(message.get("Version", "")), tuple(requires))


def _applies(wanted: requirement.Requirement, extras: frozenset[str], target: Target) -> bool:
    if not wanted.marker:
        return True
    return any(markers.evaluate(wanted.marker, target.environment(extra)) for extra in {"", *extras})


def _all_extras(metadata: Metadata, extras: frozenset[str], target: Target) -> frozenset[str]:
    """Adds the extras that asking for an extra brings along: `all = ["this[one,two]"]`."""
    own = names.canonical(metadata.name)
    while True:
        found = extras.union(
            *(
                wanted.extras
                for wanted in metadata.requires
                if names.canonical(wanted.name) == own and _applies(wanted, extras, target)
            )
        )
        if found == extras:
            return found
        extras = found


def dependencies(metadata: Metadata, extras: frozenset[str], target: Target) -> tuple[str, ...]:
    """The packages that a wheel needs on a target, sorted, without itself.

    Raises:
        ValueError: a marker is malformed.
    """
    wanted_extras = _all_extras(metadata, frozenset(names.canonical(extra) for extra in extras), target)
    packages = {
        names.package(wanted.name) for wanted in metadata.requires if _applies(wanted, wanted_extras, target)
    }
    return tuple(sorted(packages - {names.package(metadata.name)}))
