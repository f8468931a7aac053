"""Merges what actions have said of the parts of an image into one bill of materials, whatever its format."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from tools.component.record import Component
from tools.sbom.purl import image_purl, purl


@dataclass(frozen=True)
class Subject:
    """The image that a bill is about: its target's short name, label, and the descriptor of its manifest."""

    name: str
    label: str
    arch: str
    digest: str
    size: int
    media_type: str

    @property
    def sha256(self) -> str:
        """The digest in hex."""
        return self.digest.removeprefix("sha256:")

    @property
    def purl(self) -> str:
        """Its package URL."""
        return image_purl(self.name, self.sha256, self.arch)


@dataclass(frozen=True)
class Item:
    """A component in its place: what it is called in documents, and the names there of what it needs."""

    ref: str
    purl: str
    component: Component
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bom:
    """All of an image."""

    subject: Subject
    items: tuple[Item, ...]


def merge(subject: Subject, components: Iterable[Component], suites: Sequence[str]) -> Bom:
    """One bill of all components, each once.

    Args:
        subject: the image.
        components: what it is made of; the same one may come from several layers.
        suites: the Debian suites of its .debs. Package URLs name a suite only if it is the only one.
    """
    suite = suites[0] if len(set(suites)) == 1 else ""
    distinct = {json.dumps(asdict(each), sort_keys=True): each for each in components}
    found = _licensed(_known(distinct.values()))
    found.sort(key=lambda each: (each.kind, each.name, each.version, each.arch, each.sha256, each.file))
    refs = _references(found)
    index = _index(found, refs)
    items = tuple(
        Item(ref, purl(each, suite), each, _needs(each, ref, index))
        for ref, each in zip(refs, found, strict=True)
    )
    return Bom(subject, items)


def identity(document: Mapping[str, object]) -> uuid.UUID:
    """Follows from all that a document says: equal ones have equal names, and no two others the same."""
    content = json.dumps(document, sort_keys=True).encode()
    return uuid.uuid5(uuid.NAMESPACE_OID, hashlib.sha256(content).hexdigest())


def _known(components: Iterable[Component]) -> list[Component]:
    """Without what only dpkg's database of a base tells, where the .deb itself is known."""
    everything = list(components)
    debs = {(each.name, each.version, each.arch) for each in everything if each.kind == "deb"}
    return [
        each
        for each in everything
        if each.kind != "installed" or (each.name, each.version, each.arch) not in debs
    ]


def _licensed(components: list[Component]) -> list[Component]:
    """Gives packages whose copyright file is another's the licence that it tells."""
    debs = {each.name: each for each in components if each.kind == "deb"}

    def licensed(one: Component) -> Component:
        other = debs.get(one.license_of)
        if not other or one.license:
            return one
        return replace(one, license=other.license, license_refs=other.license_refs)

    return [licensed(each) for each in components]


def _references(components: Sequence[Component]) -> list[str]:
    """A name for each that SPDX allows, and readers understand."""
    plain = []
    for each in components:
        parts = [part for part in (each.kind, each.name, each.version, each.arch) if part]
        plain.append(re.sub(r"[^A-Za-z0-9.-]+", "-", "-".join(parts)))
    return [
        name if plain.count(name) == 1 else f"{name}-{each.sha256[:12]}-{plain[:number].count(name)}"
        for number, (name, each) in enumerate(zip(plain, components, strict=True))
    ]


_WORLDS = {"deb": "deb", "installed": "deb", "wheel": "wheel"}


def _index(components: Sequence[Component], refs: Sequence[str]) -> Mapping[tuple[str, str], str]:
    """Who has a name, in the world of its packages: those called so come before those that provide it."""
    found: dict[tuple[str, str], str] = {}
    for names in (lambda each: (each.name,), lambda each: each.provides):
        for each, ref in zip(components, refs, strict=True):
            for name in names(each):
                found.setdefault((_WORLDS.get(each.kind, ""), name), ref)
    return found


def _needs(component: Component, ref: str, index: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    """What a component says that it needs, as far as it is in the image."""
    world = _WORLDS.get(component.kind, "")
    found = (
        next((index[world, name] for name in names if (world, name) in index), "")
        for names in component.requires
    )
    return tuple(sorted({each for each in found if each and each != ref}))
