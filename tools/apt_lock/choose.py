"""Decides which package a soname is looked for in.

1. Names. A package's libX.so counts when no package has a libX.so.N: else it is for the linker. A name with
   three or more parts behind .so, as libX.so.1.2.3, does not count when the package has the shorter libX.so.1
   or libX.so.1.2: it is the file behind that link. Names with two do: libpython3.11.so.1.0 is a soname.
2. Packages. Those of the suite that have the name in a folder of the loader, or else those that Provide it:
   their library lies in a folder of its own, and a link of update-alternatives brings it into the loader's.
3. More than one. What apt/policy/sonames.json decides; else the package that Debian's policy would name after
   the soname (libglfw.so.3: libglfw3, libcc1.so.0: libcc1-0); else the one whose name the others only add to
   (libqt5gui5, libqt5gui5-gles). A name's `t64` is no part of it. What is left undecided goes to the first by
   the alphabet, and the command says so.
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.apt_lock.contents import Available, Shipped
from tools.common.parsing import Parsing

VERSION = 1


@dataclass(frozen=True)
class Decision:
    """Sonames, and the package that has them, in all suites or in those named. The file says why."""

    sonames: tuple[str, ...]
    package: str
    suites: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """The package of each soname, and the names that no rule decided, with their candidates."""

    packages: Mapping[str, str]
    undecided: Mapping[str, tuple[str, ...]]


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """Reads apt/policy/sonames.json."""
    with Parsing("cannot be read", path):
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            raise ValueError(f"version is {data['version']!r}, this tool reads {VERSION}")
        if mute := [each for each in data["decisions"] if not each.get("why")]:
            raise ValueError(f'the decision for {mute[0]["package"]} has no "why"')
        return tuple(
            Decision(tuple(each["sonames"]), each["package"], tuple(each.get("suites", ())))
            for each in data["decisions"]
        )


def choose(shipped: Shipped, available: Available, decisions: Sequence[Decision], suite: str) -> Choice:
    """The package of each soname, by the rule above."""
    candidates = _candidates(shipped, available)
    decided: dict[str, list[str]] = defaultdict(list)
    for each in decisions:
        if not each.suites or suite in each.suites:
            for soname in each.sonames:
                decided[soname].append(each.package)
    packages, undecided = {}, {}
    for soname in sorted(candidates.keys() | decided.keys()):
        # A decision alone makes a candidate: some packages bring an alternative and do not say so.
        names = candidates.get(soname) or available.keys() & decided[soname]
        found = _one_of(soname, names, decided.get(soname, ()))
        if found is None and names:
            undecided[soname] = tuple(sorted(names))
        if names:
            packages[soname] = found or min(names)
    return Choice(packages, undecided)


def _candidates(shipped: Shipped, available: Available) -> dict[str, set[str]]:
    stems = {_split(name)[0] for names in shipped.values() for name in names if _split(name)[1]}
    found: dict[str, set[str]] = defaultdict(set)
    for package in shipped.keys() & available.keys():
        names = shipped[package]
        for name in names:
            stem, version = _split(name)
            if not _behind_a_link(stem, version, names) if version else stem not in stems:
                found[name].add(package)
    provided: dict[str, set[str]] = defaultdict(set)
    for package, sonames in available.items():
        for soname in sonames:
            provided[soname].add(package)
    return {**provided, **found}


def _split(name: str) -> tuple[str, tuple[str, ...]]:
    """libX and (1, 2) of libX.so.1.2."""
    stem, _, version = name.rpartition(".so")
    return stem, tuple(version.split(".")[1:])


def _behind_a_link(stem: str, version: tuple[str, ...], names: Collection[str]) -> bool:
    shorter = (version[:length] for length in range(1, len(version)))
    return len(version) > 2 and any(f"{stem}.so.{'.'.join(each)}" in names for each in shorter)


def _one_of(soname: str, names: Collection[str], decided: Sequence[str]) -> str | None:
    if len(names) == 1:
        return next(iter(names))
    plain = {name.removesuffix("t64"): name for name in sorted(names)}
    for wanted in (*decided, _policy_name(soname)):
        if wanted in plain:
            return plain[wanted]
    shortest = min(plain, key=len, default="")
    return plain[shortest] if plain and all(name.startswith(shortest) for name in plain) else None


def _policy_name(soname: str) -> str:
    """libfoo1 for libfoo.so.1, libfoo2-1 for libfoo2.so.1."""
    name = re.sub(r"\.so(\.|$)", "", re.sub(r"(\d)\.so\.", r"\1-", soname))
    return name.lower().replace("_", "-")
