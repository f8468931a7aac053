"""Which files of an environment programs open themselves; the others are loaded because those need them.

Where a library looks for what it needs depends on who loaded it (DT_RPATH). So what fails when a library is
opened alone need not fail in the program, and only the files that nobody needs tell what happens there.
"""

from __future__ import annotations

from collections.abc import Iterable

from tools.elf_scan.loader import Edge, Loader


def opened(loader: Loader, files: Iterable[str]) -> dict[str, list[Edge]]:
    """The files that are opened, by real path, and all edges that come into being then.

    Args:
        loader: loads them.
        files: real paths, sorted. Files that only need each other are opened by the first one.
    """
    edges = {path: loader.load(path) for path in files}
    needed = {
        edge.found.real
        for path, found in edges.items()
        for edge in found
        if edge.found is not None and edge.found.real != path
    }
    tops = [path for path in edges if path not in needed]
    reached = set(tops) | {each for path in tops for each in _reached(edges[path])}
    for path, found in edges.items():
        if path not in reached:
            tops.append(path)
            reached |= {path, *_reached(found)}
    return {path: edges[path] for path in tops}


def _reached(edges: list[Edge]) -> Iterable[str]:
    return (edge.found.real for edge in edges if edge.found is not None)
