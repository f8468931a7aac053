"""What a wheel says of itself in its METADATA."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from email.utils import getaddresses
from pathlib import Path

from tools.common.names import canonical
from tools.component.licenses import Licence, joined, named, reference, table
from tools.component.record import Component
from tools.wheel.wheel import Wheel

_REQUIREMENT = re.compile(r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)[^;]*(?:;(?P<marker>.*))?", re.DOTALL)
_OPERATOR = re.compile(r" (?:and|or|with) ", re.IGNORECASE)
_TERM = re.compile(r"[( ]*[A-Za-z0-9.+-]+[) ]*")
_OWN = re.compile(r"LicenseRef-([A-Za-z0-9.-]+)")
_LONGEST = 80  # of what is a name and no text

# Distributions of NVIDIA's whose name says so; its wheels have no Author that is always the same.
_NVIDIA = re.compile(r"nvidia-.*")


def of_wheel(path: Path, sdist: str = "") -> Component:
    """The component of a wheel, which may have been built from a source distribution."""
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    with Wheel.open(path) as wheel:
        said = wheel.metadata
        name = canonical(wheel.name)
        expression, text = (str(said.get(key) or "") for key in ("License-Expression", "License"))
        found = licence(name, expression, text, _classifiers(wheel))
        return Component(
            kind="wheel",
            name=name,
            version=wheel.version,
            sha256=sha256,
            license=found.expression,
            license_refs=found.refs,
            supplier="NVIDIA Corporation" if _NVIDIA.fullmatch(name) else _author(wheel),
            homepage=_homepage(wheel),
            file=path.name,
            source=sdist,
            requires=tuple((each,) for each in _requires(wheel)),
        )


def licence(name: str, expression: str, text: str, classifiers: list[str]) -> Licence:
    """The licence by the field made for it, else by the older ones if they have a name that is known."""
    if found := _expression(name, expression):
        return found
    if known := named(text):
        return Licence(known)
    if classifiers and all(each in table().classifiers for each in classifiers):
        return Licence(joined(table().classifiers[each] for each in classifiers))
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        text = " and ".join(each.rpartition(" :: ")[2] for each in classifiers)
    if not text or len(text) > _LONGEST:
        return Licence()
    ref = reference(f"pypi-{name}", text.removeprefix("LicenseRef-"))
    return Licence(ref, {ref: f"{text}: see the .dist-info folder of {name}"})


def _expression(name: str, text: str) -> Licence | None:
    """An SPDX expression; a LicenseRef in it is the project's own, and is called and explained so here."""
    text = _OPERATOR.sub(lambda match: match[0].upper(), " ".join(text.split()))
    if text.count("(") != text.count(")") or not all(map(_TERM.fullmatch, _OPERATOR.split(text))):
        return None
    refs = {}

    def own(match: re.Match[str]) -> str:
        ref = reference(f"pypi-{name}", match[1])
        refs[ref] = f"{match[1]}: see the .dist-info folder of {name}"
        return ref

    return Licence(_OWN.sub(own, text), refs)


def _classifiers(wheel: Wheel) -> list[str]:
    said = (str(each) for each in wheel.metadata.get_all("Classifier") or [])
    return [each for each in said if each.startswith("License ::") and each != "License :: OSI Approved"]


def _author(wheel: Wheel) -> str:
    """Who made it: names are in fields of their own, or before the addresses."""
    for who in ("Author", "Maintainer"):
        said = str(wheel.metadata.get(who) or "")
        names = [name for name, _ in getaddresses([str(wheel.metadata.get(f"{who}-email") or "")]) if name]
        if found := " ".join((said or ", ".join(names)).split()):
            return found[:_LONGEST]
    return ""


def _homepage(wheel: Wheel) -> str:
    found = {}
    for each in wheel.metadata.get_all("Project-URL") or []:
        label, _, url = str(each).partition(",")
        found[label.strip().lower()] = url.strip()
    home = str(wheel.metadata.get("Home-page") or "").strip()
    urls = [home, *(found.get(label, "") for label in ("homepage", "home", "source", "repository"))]
    return next((url for url in urls if url.startswith(("https://", "http://"))), "")


def _requires(wheel: Wheel) -> Iterator[str]:
    """What it needs whatever extras it has. Other markers stay open: what they exclude isn't there."""
    seen = set()
    for each in wheel.metadata.get_all("Requires-Dist") or []:
        match = _REQUIREMENT.fullmatch(str(each))
        if match and "extra" not in (match["marker"] or ""):
            name = canonical(match["name"])
            if name not in seen:
                seen.add(name)
                yield name
