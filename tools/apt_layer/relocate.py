"""Moves a package's files to where the links of a pulled base lead.

A package of a suite without merged /usr has /lib/x; in a base where /lib is a link to usr/lib, dpkg would
write /usr/lib/x through the link. A layer has to name that place, or its folder /lib would hide the link in
file systems that lay one layer over the other. dpkg's list of the package keeps the name /lib/x, as there.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tools.apt_layer.content import write_part
from tools.apt_layer.state import Facts


def real(path: str, links: Mapping[str, str]) -> str:
    """The path without links to folders on the way; what is at its end is not followed."""
    *folders, name = path.split("/")
    place = ""
    for folder in folders:
        place = f"{place}/{folder}" if place else folder
        place = links.get(place, place)
    return f"{place}/{name}" if place else name


def relocate(facts: Facts, links: Mapping[str, str], scratch: Path) -> Facts:
    """The package as it lies in a root with these links; a part that has to change goes to `scratch`."""
    moved = {path: real(path, links) for path in facts.files}
    dirs = {real(path, links): value for path, value in facts.dirs.items() if path not in links}
    files = {moved[path]: kind for path, kind in facts.files.items()}
    part = facts.part
    if any(old != new for old, new in moved.items()):
        part = scratch / f"{facts.package}.part.tar.gz"
        with part.open("wb") as out:
            write_part(replace(facts, moves=moved), out)
    return replace(facts, dirs=dirs, files=files, part=part)
