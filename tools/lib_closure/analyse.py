"""Makes the library closure of an image: edges, and what follows from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tools.elf_scan import loader as ld
from tools.elf_scan.facts import LIBRARY_NAME
from tools.lib_closure import closure as c
from tools.lib_closure.duplicates import duplicates
from tools.lib_closure.hints import Hints
from tools.lib_closure.image import Image, Index
from tools.lib_closure.resolve import Resolver

_NUMBERED = re.compile(r"(?P<kind>[A-Z_]+)_(?P<number>[0-9][0-9.]*)")


def analyse(
    image: Image, index: Index, hints: Hints, suites: Mapping[str, Mapping[str, Sequence[str]]]
) -> c.Closure:
    """Resolves an image.

    Args:
        image: its layers.
        index: the packages of its suite.
        hints: what no ELF file says.
        suites: the symbol versions that libraries define, by suite, the oldest first, and soname.
    """
    resolver = Resolver(image, index, hints)
    edges = resolver.edges()
    distributions = resolver.distributions()
    reached = _reached(edges, distributions)
    edges = [edge for edge in edges if _name(edge.owner) in distributions | reached]
    packages = _packages(edges)
    problems = [
        _unresolved(edge, resolver, hints, index.suite) for edge in edges if edge.status == c.UNRESOLVED
    ]
    problems += [
        _wrong_version(edge, missing, resolver, index.suite, suites)
        for edge, missing in resolver.wrong_versions()
    ]
    broken = {
        path: reason
        for path, reason in resolver.stack.broken().items()
        if resolver.owner(path).status == c.WHEEL
    }
    problems += [
        _broken(path, reason, resolver)
        for path, reason in broken.items()
        if LIBRARY_NAME.search(path) and not resolver.is_plugin(path)
    ]
    return c.Closure(
        image.arch,
        index.suite,
        tuple(edges),
        packages,
        resolver.unreached(packages),
        tuple(problems),
        tuple(duplicates(image, resolver.stack, resolver.owner)),
        resolver.foreign(),
        broken,
    )


def _reached(edges: Sequence[c.Edge], distributions: set[str]) -> set[str]:
    """The packages on top of the base that the environment needs, and those that these need."""
    reached: set[str] = set()
    pairs = {(_name(edge.owner), _name(edge.provider or "")) for edge in edges if edge.status == c.APT}
    while more := {to for of, to in pairs if of in distributions | reached} - reached:
        reached |= more
    return reached


def _packages(edges: Sequence[c.Edge]) -> dict[str, c.Package]:
    """What is needed on top of the base."""
    found: dict[str, list[c.Edge]] = {}
    for edge in edges:
        if edge.status == c.APT and edge.provider and _name(edge.provider) != _name(edge.owner):
            found.setdefault(_name(edge.provider), []).append(edge)
    return {
        name: c.Package(
            sonames=tuple(sorted({edge.needs for edge in needed} - {name})),
            by=tuple(sorted({_name(edge.owner) for edge in needed})),
            installed=all(edge.found is not None for edge in needed),
        )
        for name, needed in sorted(found.items())
    }


def _name(owner: str) -> str:
    return owner.partition(" ")[0]


def chain(via: Sequence[str], needs: str) -> str:
    """The files that lead to a library, what was opened last: `b.so <- a.so NEEDED libx.so.1`."""
    return f"{' <- '.join(reversed(via))} NEEDED {needs}"


def _unresolved(edge: c.Edge, resolver: Resolver, hints: Hints, suite: str) -> c.Problem:
    text = f"{edge.owner}: {chain(edge.via, edge.needs)}: {edge.why or 'nothing has it'}"
    named = () if edge.why else resolver.named(edge.needs)
    elsewhere = sorted(named, key=lambda path: not resolver.fits(path))
    if elsewhere:
        why = "the loader does not look there" if resolver.fits(elsewhere[0]) else "is for another machine"
        text += f"; {elsewhere[0]} has that name, but {why}"
    components = hints.components_of(edge.needs)
    if components:
        wheels = " or ".join(f"{each.wheel} ({each.why})" for each in components)
        return c.Problem(text, f"Add {wheels} to the wheels.")
    owner = _name(edge.owner)
    return c.Problem(
        text,
        f"If {owner} can do without the file, name it under `plugins`; if something loads the library first, "
        f"under `preload`; in a file of hints for the target. If a package that Debian {suite} lacks has it, "
        "give a layer with it.",
    )


def _broken(path: str, reason: str, resolver: Resolver) -> c.Problem:
    owner = resolver.owner(path)
    return c.Problem(
        f"{owner}: {path} has the name of a library and cannot be loaded: {reason}",
        f"Lock another release of {owner.name}; if nothing loads the file, name it under `plugins` in a file "
        "of hints for the target.",
    )


def _wrong_version(
    edge: ld.Edge,
    missing: Sequence[str],
    resolver: Resolver,
    suite: str,
    suites: Mapping[str, Mapping[str, Sequence[str]]],
) -> c.Problem:
    assert edge.found is not None
    defined = edge.found.facts.version_definitions
    needer, provider = resolver.owner(edge.needer.real), resolver.owner(edge.found.real)
    where = f"Debian {suite}" if provider.status != c.WHEEL else str(provider)
    wanted = max(missing, key=_number)
    text = (
        f"{', '.join(missing)} of {edge.name} needed by {edge.needer.real} ({needer}), "
        f"{where} has {_newest(defined, wanted) or 'none of the kind'} ({edge.found.real})"
    )
    good = [name for name, versions in suites.items() if set(missing) <= set(versions.get(edge.name, ()))]
    if provider.status == c.WHEEL:
        remedy = f"Lock a release of {needer.name} and {provider.name} that were built for each other."
    elif good:
        remedy = (
            f"The lowest suite that would do is Debian {good[0]}; "
            f"or lock a wheel of {needer.name} for an older system."
        )
    else:
        remedy = f"No suite that is locked here would do; lock a wheel of {needer.name} for an older system."
    return c.Problem(text, remedy)


def _newest(defined: Sequence[str], like: str) -> str:
    """The newest version of a kind: GLIBC_2.36 for GLIBC_2.38, and 2.36 is enough to say."""
    kind = _NUMBERED.fullmatch(like)
    same = [
        each
        for each in defined
        if kind and (match := _NUMBERED.fullmatch(each)) and match["kind"] == kind["kind"]
    ]
    return max(same, key=_number, default="").rpartition("_")[2]


def _number(version: str) -> tuple[str, tuple[int, ...]]:
    match = _NUMBERED.fullmatch(version)
    if not match:
        return version, ()
    return match["kind"], tuple(int(part) for part in match["number"].split(".") if part)
