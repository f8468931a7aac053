"""The hand-written half of a lock, NAME.in.json: which suites to read and which packages to want."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError

VERSION = 1


@dataclass(frozen=True)
class Source:
    """One suite of an archive; the archive is a name (`debian`, `debian-security`), not a place.

    `architectures` are those that are taken from it; all when there are none.
    """

    archive: str
    suite: str
    architectures: tuple[str, ...] = ()


@dataclass(frozen=True)
class PackageSet:
    """Packages wanted together: all that are Essential, and the roots; `on` names the set that is below."""

    name: str
    roots: tuple[str, ...]
    essential: bool
    on: str | None


@dataclass(frozen=True)
class Input:
    """The whole file. `sonames` asks for an index of the libraries of all the suite, beside the lock."""

    suite: str
    merged_usr: bool
    architectures: tuple[str, ...]
    components: tuple[str, ...]
    sources: tuple[Source, ...]
    sets: tuple[PackageSet, ...]
    sonames: bool


def read_input(path: Path) -> Input:
    """Reads and checks a .in.json file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return _parse(data)
    except json.JSONDecodeError as error:
        raise ToolError(f"is not JSON: {error}", file=path) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ToolError(
            f"{type(error).__name__}: {error}", file=path, remedy="Compare it with a suite that works."
        ) from error
    except ValueError as error:
        raise ToolError(str(error), file=path) from error


def _parse(data: dict[str, Any]) -> Input:
    if data["version"] != VERSION:
        raise ValueError(f"version is {data['version']!r}, this tool reads {VERSION}")
    sets: dict[str, PackageSet] = {}
    for name, value in data["sets"].items():
        on = value.get("on")
        if on is not None and on not in sets:
            raise ValueError(f"set {name!r} is on {on!r}, which is not a set that comes before it")
        sets[name] = PackageSet(name, tuple(sorted(value["roots"])), bool(value.get("essential", False)), on)
    return Input(
        suite=data["suite"],
        merged_usr=bool(data["merged_usr"]),
        architectures=tuple(data["architectures"]),
        components=tuple(data["components"]),
        sources=tuple(_source(source, data["architectures"]) for source in data["sources"]),
        sets=tuple(sets.values()),
        sonames=bool(data.get("sonames", False)),
    )


def _source(data: dict[str, Any], wanted: list[str]) -> Source:
    architectures = tuple(data.get("architectures", ()))
    if other := [arch for arch in architectures if arch not in wanted]:
        raise ValueError(f"source {data['suite']!r} is for {', '.join(other)}, which is not locked")
    if architectures and not data.get("why"):
        raise ValueError(f'source {data["suite"]!r} is for some architectures only and has no "why"')
    return Source(data["archive"], data["suite"], architectures)


def below(sets: tuple[PackageSet, ...], wanted: PackageSet) -> tuple[PackageSet, ...]:
    """A set and those that it is on, lowest first."""
    by_name = {each.name: each for each in sets}
    chain = [wanted]
    while (on := chain[0].on) is not None:
        chain.insert(0, by_name[on])
    return tuple(chain)
