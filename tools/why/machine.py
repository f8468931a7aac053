"""The answer for programs. The JSON has

    version      1; what is added later does not change it
    image        label of the image
    arch, suite  `amd64`, `bookworm`
    packages     on top of the base: name, version (null: not known), size to download in bytes (null),
                 installed, sonames, by (names of those that need it)
    superfluous  packages on top of the base that nothing needs
    statuses     for each status of //tools/lib_closure:closure.py: needs (files and what they need), sonames
    problems     text, remedy
    foreign      files for other machines than the image's
    broken       files that begin as ELF files do and are none: the reason by path
    duplicates   wasted in bytes, libraries: soname, wasted, copies: path, owner, size
    answers      for each thing that was named: name as it was given, kind (package, distribution, soname,
                 file), thing, chains, needs (of a package, a distribution or a file). Both consist of the
                 closure's edges: file, owner, needs, status, found, provider, via, why. A chain starts with
                 the edge to the thing and ends with that of a distribution. `complete` is false when
                 there are more chains than are listed.

Every key is always there; lists may be empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from tools.why.chains import MOST, chains
from tools.why.index import SONAME, Index, Match
from tools.why.report import MEANINGS, sonames

_VERSION = 1


def dumps(index: Index, name: str, sizes: Mapping[str, int], asked: Iterable[tuple[str, list[Match]]]) -> str:
    """The JSON.

    Args:
        index: the closure.
        name: the image.
        sizes: of packages, where they are known.
        asked: what the user named, and what that is.
    """
    closure = index.closure
    data = {
        "version": _VERSION,
        "image": name,
        "arch": closure.arch,
        "suite": closure.suite,
        "packages": [
            asdict(package) | {"name": each, "version": index.version(each) or None, "size": sizes.get(each)}
            for each, package in closure.packages.items()
        ],
        "superfluous": closure.superfluous,
        "statuses": {
            status: {"needs": len(edges), "sonames": len(sonames(edges))}
            for status in MEANINGS
            if (edges := [edge for edge in closure.edges if edge.status == status])
        },
        "problems": [asdict(problem) for problem in closure.problems],
        "foreign": closure.foreign,
        "broken": closure.broken,
        "duplicates": {
            "wasted": sum(each.wasted for each in closure.duplicates),
            "libraries": [asdict(each) for each in closure.duplicates],
        },
        "answers": [_answer(index, text, match) for text, matches in asked for match in matches],
    }
    return json.dumps(data, indent=2, sort_keys=True)


def _answer(index: Index, text: str, match: Match) -> dict[str, object]:
    found = chains(index, index.edges_to(match))
    return {
        "name": text,
        "kind": match.kind,
        "thing": match.name,
        "chains": [[asdict(edge) for edge in chain] for chain in found],
        "complete": len(found) < MOST,
        "needs": [] if match.kind == SONAME else [asdict(edge) for edge in index.edges_of(match)],
    }
