"""What a .deb says of itself, by the facts and the layer part that were made of it, or by dpkg's database."""

from __future__ import annotations

import json
import posixpath
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.apt_layer.relations import fields, package
from tools.common.parsing import Parsing
from tools.component.dep5 import licence
from tools.component.licenses import Licence
from tools.component.record import Component

_SOURCE = re.compile(r"(?P<name>\S+)(?:\s+\((?P<version>[^)]+)\))?")
_DOC = "usr/share/doc"
_LARGEST = 16 << 20  # of a copyright file


def of_deb(facts: Path, part: Path, sha256: str) -> Component:
    """The component of a .deb.

    Args:
        facts: JSON of //tools/deb_part.
        part: its layer part.
        sha256: of the .deb, which the part's action has checked.
    """
    with Parsing("is no facts of a .deb", facts, remedy="//tools/deb_part writes them."):
        said = json.loads(facts.read_text(encoding="utf-8"))
        name, status, files = said["package"], said["status"], said["files"]
    found, other = _licence(name, part, files)
    return _component("deb", status, sha256, found, other)


def installed(status: Path) -> Iterator[Component]:
    """The packages that are installed by a status file of dpkg's, of which no more is known."""
    for stanza in status.read_text(encoding="utf-8").split("\n\n"):
        if "Status: install ok installed" in stanza.split("\n"):
            yield _component("installed", stanza.strip("\n") + "\n", "", Licence(), "")


def chosen(components: list[Component], status: Path) -> list[Component]:
    """Those that are installed in this version."""
    there = {(each.name, each.version, each.arch) for each in installed(status)}
    return [each for each in components if (each.name, each.version, each.arch) in there]


def _component(kind: str, status: str, sha256: str, found: Licence, other: str) -> Component:
    said = fields(status)
    related = package(status)
    source = _SOURCE.match(said.get("Source", ""))
    return Component(
        kind=kind,
        name=said["Package"],
        version=said["Version"],
        arch=said["Architecture"],
        sha256=sha256,
        license=found.expression,
        license_refs=found.refs,
        license_of=other,
        supplier=said.get("Maintainer", ""),
        source=source["name"] if source else said["Package"],
        source_version=(source and source["version"]) or said["Version"],
        homepage=said.get("Homepage", ""),
        file=_file(said) if sha256 else "",
        requires=tuple(tuple(one.name for one in group) for group in related.depends),
        provides=tuple(each.name for each in related.provides),
    )


def _file(said: Mapping[str, str]) -> str:
    """What the archive calls a .deb: without the epoch of the version."""
    version = said["Version"].partition(":")[2] or said["Version"]
    return f"{said['Package']}_{version}_{said['Architecture']}.deb"


def _licence(name: str, part: Path, files: dict[str, str]) -> tuple[Licence, str]:
    """The licence by the copyright file; or the package whose file it is, if this one has a link to it."""
    folder, copyright_file = f"{_DOC}/{name}", f"{_DOC}/{name}/copyright"
    if not {folder, copyright_file} & files.keys():
        return Licence(), ""
    with tarfile.open(part, "r:gz") as archive:
        for member in archive:
            if member.name not in (folder, copyright_file):
                continue
            if member.issym():
                return Licence(), _owner(posixpath.join(posixpath.dirname(member.name), member.linkname))
            stream = archive.extractfile(member)
            if stream is not None:
                return licence(name, stream.read(_LARGEST).decode("utf-8", "replace")), ""
    return Licence(), ""


def _owner(path: str) -> str:
    """The package that a path in /usr/share/doc belongs to."""
    parts = posixpath.normpath("/" + path.lstrip("/")).split("/")
    return parts[4] if parts[1:4] == _DOC.split("/") and len(parts) > 4 else ""
