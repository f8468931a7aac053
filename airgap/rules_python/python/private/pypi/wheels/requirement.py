"""Requirements of PEP 508: `name[extra] >= 1.0 ; marker`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wheels import names

_REQUIREMENT = re.compile(
    r"""\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)
    \s*(?:\[(?P<extras>[^\]]*)\])?
    \s*(?P<rest>.*)""",
    re.VERBOSE | re.DOTALL,
)


class InvalidRequirement(ValueError):
    """The text is no requirement."""


@dataclass(frozen=True)
class Requirement:
    """A requirement, taken apart; `specifier` and `marker` may be empty."""

    name: str
    extras: tuple[str, ...]
    specifier: str
    url: str
    marker: str


def parse(text: str) -> Requirement:
    """Takes a requirement apart.

    Raises:
        InvalidRequirement: the text is no requirement.
    """
    match = _REQUIREMENT.fullmatch(text)
    if match is None:
        raise InvalidRequirement(f"{text.strip()!r} names no distribution")
    extras = [extra.strip() for extra in (match["extras"] or "").split(",") if extra.strip()]
    if not all(names.is_name(extra) for extra in extras):
        raise InvalidRequirement(f"{text.strip()!r} has a malformed extra")
    rest = match["rest"].strip()
    url = ""
    if rest.startswith("@"):
        # A marker after a URL is set off by white space, for a URL may hold a semicolon.
        url, _, marker = rest[1:].strip().partition(" ;")
        specifier = ""
    else:
        specifier, _, marker = rest.partition(";")
        specifier = specifier.strip()
        if specifier.startswith("(") and specifier.endswith(")"):
            specifier = specifier[1:-1].strip()
        if specifier and specifier[0] not in "<>=!~":
            raise InvalidRequirement(f"{text.strip()!r} has a malformed version")
    return Requirement(
        name=match["name"],
        extras=tuple(sorted({names.canonical(extra) for extra in extras})),
        specifier=specifier,
        url=url.strip(),
        marker=marker.strip(),
    )
