"""The facts of a Debian package: what the loader would see of it once it is installed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tools.common.errors import ToolError
from tools.deb_part import ar
from tools.elf_scan.facts import Libraries
from tools.layer_libraries.scan import scan_archive


def deb_facts(path: Path, package: str) -> Libraries:
    """Reads a .deb, whose name says its version."""
    try:
        with path.open("rb") as stream:
            data = ar.members(stream, path.stat().st_size)["data.tar"]
            with ar.open_tar(stream, data) as archive:
                found = scan_archive(archive, path.name)
    except ToolError as error:
        raise ToolError(error.problem, file=path.name, remedy=error.remedy) from error
    version = path.name.split("_")[1].replace("%3a", ":")
    owners = dict.fromkeys((*found.files, *found.links), package)
    return replace(found, owners=owners, packages={package: version})


def with_alternatives(facts: Libraries, sonames: Iterable[str], folders: Sequence[str]) -> Libraries:
    """Adds the links that update-alternatives makes for libraries which a package has in a folder of its own.

    Args:
        facts: the package's.
        sonames: the libraries that are needed and not found.
        folders: where the loader looks.
    """
    there = {
        posixpath.basename(path): path
        for path in sorted((*facts.files, *facts.links), reverse=True)
        if posixpath.dirname(path) not in folders
    }
    links = {posixpath.join(folders[0], name): there[name] for name in sonames if name in there}
    owners = dict.fromkeys(links, next(iter(facts.packages)))
    return replace(facts, links={**links, **facts.links}, owners={**owners, **facts.owners})
