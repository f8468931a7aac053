"""Whether the libraries that the loader found have the symbol versions that are asked of them.

As _dl_check_map_versions in glibc's elf/dl-version.c: a library without any version definition is taken as
it is, and a weak need is a warning. Runs on Python 3.9 and later.
"""

from __future__ import annotations

from tools.elf_scan.loader import Edge


def missing_versions(edge: Edge) -> list[str]:
    """The symbol versions that the edge's needer asks of the library and that it doesn't define."""
    if edge.found is None or not edge.found.facts.version_definitions:
        return []
    defined = set(edge.found.facts.version_definitions)
    return [
        version
        for need in edge.needer.facts.version_needs
        if need.library == edge.name
        for version in need.versions
        if version not in defined
    ]
