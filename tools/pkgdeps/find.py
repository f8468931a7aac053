"""Finds what an image needs on all its architectures, and locks it in both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tools.apt_lock.apt import Apt, Record
from tools.apt_lock.inputs import Input, read_input
from tools.apt_lock.lockfile import Lock, LockedSet, Release
from tools.apt_lock.session import Origin, open_session, say
from tools.common.errors import ToolError
from tools.lib_closure.analyse import analyse
from tools.lib_closure.closure import Closure
from tools.lib_closure.hints import read_hints
from tools.lib_closure.image import Image
from tools.lib_closure.pkgdeps import PkgDeps, needed
from tools.pkgdeps.archive import Archive
from tools.pkgdeps.closing import Needs, complete, missing
from tools.pkgdeps.plan import Plan
from tools.sonames.index import Sonames, natural

ELF, APT = "elf", "apt"
_Found = Mapping[str, Mapping[str, Record]]


@dataclass(frozen=True)
class Result:
    """What an image needs, and the packages of both closures, by closure and architecture."""

    pkgdeps: PkgDeps
    lock: Lock
    records: Mapping[str, _Found]


def find(plan: Plan, origin: Origin) -> Result:
    """Looks at all architectures of an image. Asks the archive only when packages are needed."""
    sources = _sources(plan)
    hints = read_hints(plan.hints)
    indexes = sorted(map(Sonames.load, plan.sonames), key=lambda each: natural(each.release))
    index = next(each for each in indexes if each.suite == plan.suite)
    versions = {each.suite: each.symbol_versions for each in indexes}

    def resolve(image: Image) -> Closure:
        return analyse(image, index, hints, versions)

    images = {arch: part.image(arch) for arch, part in plan.parts.items()}
    if not any(missing(resolve(image)) for image in images.values()):
        needs = {arch: complete(image, resolve, None) for arch, image in images.items()}
        nothing: _Found = {arch: {} for arch in images}
        return _result(sources, {}, needs, nothing, nothing)
    with open_session(plan.sources, sources, origin) as session:
        say(f"{plan.sources.name}: fetching the lists of {', '.join(each.suite for each in sources.sources)}")
        apt = Apt(session)
        apt.update(plan.sources)
        needs, elf, whole = {}, {}, {}
        for arch, image in images.items():
            say(f"{plan.name} ({arch}): fetching the packages that it needs")
            archive = Archive(session, arch, plan.parts[arch].status, plan.refresh)
            needs[arch] = complete(image, resolve, archive)
            elf[arch] = archive.named(sorted(needs[arch].closure.packages))
            say(f"{plan.name} ({arch}): asking apt what it would install")
            whole[arch] = archive.closure(sorted(needs[arch].direct))
        return _result(sources, apt.releases(), needs, elf, whole)


def _sources(plan: Plan) -> Input:
    """The sources of the base, for the architectures of the image."""
    wanted = read_input(plan.sources)
    if unknown := plan.parts.keys() - set(wanted.architectures):
        raise ToolError(
            f"has no architecture {', '.join(sorted(unknown))}, which {plan.name} has", file=plan.sources
        )
    return replace(wanted, architectures=tuple(sorted(plan.parts)), sets=())


def _result(
    sources: Input, releases: Mapping[str, Release], needs: Mapping[str, Needs], elf: _Found, whole: _Found
) -> Result:
    direct = {arch: need.direct for arch, need in needs.items()}
    lock = Lock(
        suite=sources.suite,
        components=sources.components,
        merged_usr=sources.merged_usr,
        releases=releases,
        sets={ELF: _locked(elf, direct, ELF), APT: _locked(whole, direct, None)},
        packages={
            arch: {name: record.package for name, record in sorted({**elf[arch], **whole[arch]}.items())}
            for arch in needs
        },
    )
    pkgdeps = PkgDeps(sources.suite, {arch: needed(need.closure) for arch, need in needs.items()})
    return Result(pkgdeps, lock, {ELF: elf, APT: whole})


def _locked(found: _Found, direct: Mapping[str, frozenset[str]], closure: str | None) -> LockedSet:
    """A set; what nothing in the environment needs by itself is `auto`."""
    names = {arch: tuple(sorted(records)) for arch, records in found.items()}
    auto = {
        arch: tuple(name for name in listed if name not in direct[arch]) for arch, listed in names.items()
    }
    return LockedSet(None, auto, names, closure)
