"""What the command find-libdeps found, and how it tells it.

Runs on Python 3.9 and later, for it is part of the command in the images.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

_FORMAT = 1


@dataclass(frozen=True)
class Reason:
    """Why a package is needed: the files from the one that was opened to the library, and its name."""

    chain: tuple[str, ...]
    name: str


@dataclass
class Report:
    """What was found. A chain goes from a file below the folders to the library, or to what lacks it.

    Attributes:
        files: how many ELF files were looked at.
        packages: the packages, each with a chain to each library that is needed of it.
        versions: the versions of the packages.
        reasons: why each of them is needed, all reasons.
        owners: the packages of libraries.
        needed_as: the name by which a file needs another one.
        unresolved: libraries that were not found.
        wrong: libraries that lack symbol versions, and which.
        driver: libraries that come with NVIDIA's driver.
        unowned: chains to libraries that are no package's.
        foreign: files for another machine.
        broken: files that could not be read, and why.
        elsewhere: files with the name of a library that was not found.
    """

    files: int = 0
    packages: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, list[Reason]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    needed_as: dict[tuple[str, str], str] = field(default_factory=dict)
    unresolved: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    wrong: list[tuple[str, list[str], tuple[str, ...]]] = field(default_factory=list)
    driver: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    unowned: list[tuple[str, ...]] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    elsewhere: dict[str, str] = field(default_factory=dict)


def told(report: Report) -> Iterator[str]:
    """What goes to standard error."""
    for path, problem in report.broken:
        yield f"{path}: {problem}"
    for name, chain in report.unresolved:
        hint = ""
        if name in report.elsewhere:
            hint = f" ({report.elsewhere[name]} has that name, but the loader doesn't look there)"
        yield f"{name}: not found, needed by {_back(chain)}{hint}"
    for path, versions, chain in report.wrong:
        yield f"{path}: has no {', '.join(versions)}, needed by {_back(chain)}"
    for name, chain in report.driver:
        yield f"{name}: comes with the NVIDIA driver, needed by {_back(chain)}"
    for chain in report.unowned:
        yield f"{chain[-1]}: belongs to no package, needed by {_back(chain[:-1])}"
    if report.foreign:
        yield f"{len(report.foreign)} files are for another machine, such as {report.foreign[0]}"


def as_json(report: Report) -> str:
    """All that was found, for programs."""
    data = {
        "version": _FORMAT,
        "files": report.files,
        "packages": report.packages,
        "package_versions": report.versions,
        "unresolved": [{"name": name, "chain": chain} for name, chain in report.unresolved],
        "wrong_versions": [
            {"library": path, "versions": versions, "chain": chain} for path, versions, chain in report.wrong
        ],
        "driver": [{"name": name, "chain": chain} for name, chain in report.driver],
        "unowned": report.unowned,
        "foreign": report.foreign,
        "broken": [{"file": path, "problem": problem} for path, problem in report.broken],
    }
    return json.dumps(data, indent=2, sort_keys=True)


def as_why(report: Report) -> Iterator[str]:
    """Who needs what of each package: a line for each package that does, and one for all other files."""
    for package, reasons in sorted(report.reasons.items()):
        groups: dict[tuple[str, str], list[Reason]] = {}
        for reason in reasons:
            groups.setdefault((report.owners.get(reason.chain[-2], ""), reason.name), []).append(reason)
        for (owner, _), several in sorted(groups.items()):
            files = {reason.chain[-2] for reason in several}
            number = len(files) - 1
            more = f" (and {number} more file{'s' * (number > 1)})" if number and not owner else ""
            first = min(several, key=lambda reason: (len(reason.chain), reason.chain))
            yield f"{_versioned(report, package)} <- {_links(report, first.chain)}{more}"


def _links(report: Report, chain: tuple[str, ...]) -> str:
    """`zlib1g 1:1.2.13: libz.so.1 NEEDED libc.so.6 <- /app/a.so NEEDED libz.so.1`."""
    links = []
    for number in range(len(chain) - 2, -1, -1):
        file, name = chain[number], report.needed_as[chain[number], chain[number + 1]]
        if file in report.owners:
            as_known = report.needed_as[chain[number - 1], file].rpartition("/")[2] if number else file
            file = f"{_versioned(report, report.owners[file])}: {as_known}"
        links.append(f"{file} NEEDED {name}")
    return " <- ".join(links)


def _versioned(report: Report, package: str) -> str:
    return f"{package} {report.versions.get(package, '')}".rstrip()


def _back(chain: tuple[str, ...]) -> str:
    return " <- ".join(reversed(chain))
