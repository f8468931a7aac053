"""The library closure of an image: which file needs which library, and where each comes from. Data and
JSON.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tools.common.parsing import Parsing

_VERSION = 1

# What an edge can be, the good ones first.
WHEEL = "wheel"  # in the same wheel
SIBLING = "sibling"  # in another wheel, where the loader reaches it
BASE = "base"  # in the image below
APT = "apt"  # in a Debian package that is, or is to be, laid on it
NVIDIA = "nvidia"  # in a wheel of NVIDIA's, which the package loads first
DRIVER = "driver"  # mounted with NVIDIA's driver, never installed
PRELOAD = "preload"  # loaded by the package before it is needed
PLUGIN = "plugin"  # only wanted when it is there
UNRESOLVED = "unresolved"


@dataclass(frozen=True)
class Edge:
    """A file needs a library.

    Attributes:
        file: who needs it: a path in the image, or the name of a distribution that opens it itself.
        owner: the distribution or package of `file`, with its version behind a blank where it is known.
        needs: the library's name; of a package that has just data, the package's.
        status: one of those above.
        found: the path in the image that the loader takes, dpkg's status for data; None if there is none.
        provider: the distribution or package with the library, with its version where it is known.
        via: the files from the one that was opened to `file`, both included.
        why: the reason, where a hint decided, or where what is there does not do.
    """

    file: str
    owner: str
    needs: str
    status: str
    found: str | None = None
    provider: str | None = None
    via: tuple[str, ...] = ()
    why: str | None = None


@dataclass(frozen=True)
class Problem:
    """Why the image would not do: what is wrong, and what to do about it."""

    text: str
    remedy: str


@dataclass(frozen=True)
class Copy:
    """One of several files with the same soname; the size is in bytes."""

    path: str
    owner: str
    size: int


@dataclass(frozen=True)
class Duplicate:
    """Files with the same soname in one image; `wasted` is what all but the largest have, in bytes."""

    soname: str
    wasted: int
    copies: tuple[Copy, ...]


@dataclass(frozen=True)
class Package:
    """A Debian package that is needed on top of the base.

    Attributes:
        sonames: what is needed of it; nothing when it is needed for its data.
        by: the distributions and packages that need it, without their versions.
        installed: whether the image has it already.
    """

    sonames: tuple[str, ...]
    by: tuple[str, ...]
    installed: bool


@dataclass(frozen=True)
class Closure:
    """All of it, for one image.

    Attributes:
        arch: Debian's name of the architecture.
        suite: the Debian suite whose packages there are.
        edges: from the environment's files, and from those of packages that it needs.
        packages: what is needed on top of the base, by name.
        superfluous: packages on top of the base that nothing needs.
        problems: what makes the image unfit.
        duplicates: libraries that are there more than once.
        foreign: the environment's files for other machines, which nothing can load.
        broken: its files that begin as ELF files do and are none, with the reason.
    """

    arch: str
    suite: str
    edges: tuple[Edge, ...] = ()
    packages: dict[str, Package] = field(default_factory=dict)
    superfluous: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    foreign: tuple[str, ...] = ()
    broken: dict[str, str] = field(default_factory=dict)

    def dumps(self) -> str:
        """The JSON."""
        return json.dumps({"version": _VERSION} | asdict(self), indent=1, sort_keys=True) + "\n"


def load(path: Path) -> Closure:
    """Reads the JSON.

    Raises:
        ToolError: it is not of this version.
    """
    with Parsing("is no library closure", path, remedy="Build it again."):
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("version") != _VERSION:
            raise ValueError("another version")
        return Closure(
            data["arch"],
            data["suite"],
            tuple(Edge(**each | {"via": tuple(each["via"])}) for each in data["edges"]),
            {
                name: Package(tuple(each["sonames"]), tuple(each["by"]), each["installed"])
                for name, each in data["packages"].items()
            },
            tuple(data["superfluous"]),
            tuple(Problem(**each) for each in data["problems"]),
            tuple(
                Duplicate(each["soname"], each["wasted"], tuple(Copy(**copy) for copy in each["copies"]))
                for each in data["duplicates"]
            ),
            tuple(data["foreign"]),
            data["broken"],
        )


def excused(path: Path) -> dict[tuple[str, str], str]:
    """The edges of a closure that the loader need not satisfy, as file and library, with the reason."""
    return {
        (edge.file, edge.needs): edge.why or edge.status
        for edge in load(path).edges
        if edge.status in (NVIDIA, DRIVER, PRELOAD, PLUGIN)
    }
