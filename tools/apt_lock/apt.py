"""The real apt as solver: which packages it chooses for the sets of an input, and where it has them from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.apt_lock.inputs import PackageSet, Source, below
from tools.apt_lock.lockfile import Lock, LockedSet, Package, Release
from tools.apt_lock.session import Session
from tools.common.errors import ToolError, raise_all


@dataclass(frozen=True)
class Record:
    """What the index has of a package; `installed` are the bytes that it says the package takes."""

    package: Package
    installed: int


class Apt:
    """What a session's apt makes of its input."""

    def __init__(self, session: Session) -> None:
        self._run, self._root = session.run, session.root
        self._wanted, self._origin = session.wanted, session.origin

    def update(self, file: Path) -> None:
        """Fetches Release and Packages files for all architectures; any failure is an error.

        Args:
            file: what the input is from, for messages.
        """
        self._run("apt-get", "update", "--error-on=any", archs=self._wanted.architectures)
        remedy = 'Leave it out of "architectures", of the lock or, with a reason, of this source alone.'
        raise_all([ToolError(problem, file=file, remedy=remedy) for problem in self._lacking()])

    def releases(self) -> dict[str, Release]:
        """The signed Release files that `update` left behind, by suite."""
        found = {}
        for source in self._wanted.sources:
            fields = dict(re.findall(r"^(Date|Version): (.*)$", self._release(source), re.MULTILINE))
            found[source.suite] = Release(source.archive, fields.get("Date", ""), fields.get("Version", ""))
        return found

    def _lacking(self) -> list[str]:
        """Architectures that were asked for and that a source has no packages for, in words."""
        problems = []
        for source in self._wanted.sources:
            match = re.search(r"^Architectures: (.*)$", self._release(source), re.MULTILINE)
            offered = sorted(set(match[1].split()) - {"all"}) if match else []
            problems += [
                f"wants {arch}, and {source.suite} in the archive {source.archive} has packages for "
                f"{', '.join(offered) or 'no architecture'}"
                for arch in source.architectures or self._wanted.architectures
                if arch not in offered
            ]
        return problems

    def lock(self) -> Lock:
        """Solves every set on every architecture and looks up what was chosen."""
        sets: dict[str, dict[str, tuple[str, ...]]] = {each.name: {} for each in self._wanted.sets}
        packages: dict[str, dict[str, Package]] = {}
        for arch in self._wanted.architectures:
            chosen: dict[str, dict[str, str]] = {}
            for each in self._wanted.sets:
                chosen[each.name] = self._solve(each, arch)
                under = chosen[each.on] if each.on else {}
                sets[each.name][arch] = tuple(sorted(chosen[each.name].keys() - under.keys()))
            merged: dict[str, str] = {}
            for name, uris in chosen.items():
                self._merge(merged, uris, name, arch)
            records = self.records(merged, arch)
            packages[arch] = {package: record.package for package, record in records.items()}
        locked = {
            each.name: LockedSet(each.on, _auto(each, sets[each.name]), sets[each.name])
            for each in self._wanted.sets
        }
        wanted = self._wanted
        return Lock(wanted.suite, wanted.components, wanted.merged_usr, self.releases(), locked, packages)

    def _release(self, source: Source) -> str:
        (file,) = (self._root / "state/lists").glob(f"*_{source.archive}_*dists_{source.suite}_InRelease")
        return file.read_text(encoding="utf-8", errors="replace")

    @staticmethod
    def _merge(merged: dict[str, str], uris: Mapping[str, str], name: str, arch: str) -> None:
        for package, uri in uris.items():
            if merged.setdefault(package, uri) != uri:
                raise ToolError(
                    f"set {name} on {arch} wants {package} from {uri}, another set from {merged[package]}"
                )

    def _solve(self, wanted: PackageSet, arch: str) -> dict[str, str]:
        """The packages of a set and of those below it, with the URI that apt would fetch."""
        chain = below(self._wanted.sets, wanted)
        roots = sorted({root for each in chain for root in each.roots})
        pattern = ["?essential"] if any(each.essential for each in chain) else []
        try:
            text = self._run("apt-get", "install", "--print-uris", "--yes", *pattern, *roots, archs=[arch])
        except ToolError as error:
            problem = f"set {wanted.name!r} cannot be resolved for {arch}: {error.problem}"
            raise ToolError(problem, remedy=error.remedy) from error
        return printed_uris(text)

    def records(self, uris: Mapping[str, str], arch: str) -> dict[str, Record]:
        """The index record of each chosen file: apt-cache shows all versions, the file's path tells which."""
        stanzas = self._run("apt-cache", "show", *sorted(uris), archs=[arch]).strip().split("\n\n")
        found: dict[str, Record] = {}
        for fields in (dict(re.findall(r"^([\w-]+): (.*)$", text, re.MULTILINE)) for text in stanzas):
            archive = self._archive_of(uris[fields["Package"]], fields["Filename"])
            if archive is not None:
                package = Package(
                    version=fields["Version"],
                    architecture=fields["Architecture"],
                    archive=archive,
                    path=fields["Filename"],
                    size=int(fields["Size"]),
                    sha256=fields["SHA256"],
                )
                found[fields["Package"]] = Record(package, 1024 * int(fields.get("Installed-Size", 0)))
        if missing := sorted(uris.keys() - found.keys()):
            raise ToolError(f"apt chose files that its own index does not list: {', '.join(missing)}")
        return found

    def _archive_of(self, uri: str, path: str) -> str | None:
        """The archive whose mirror and this path make the URI; None when the path is another version's."""
        for archive, mirror in self._origin.mirrors.items():
            if _plain(uri) == _plain(f"{mirror.rstrip('/')}/{path}"):
                return archive
        return None


def _auto(wanted: PackageSet, packages: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """What only dependencies asked for; essential packages and theirs never count, as after debootstrap."""
    if wanted.essential:
        return dict.fromkeys(packages, ())
    return {
        arch: tuple(name for name in names if name not in wanted.roots) for arch, names in packages.items()
    }


def printed_uris(text: str) -> dict[str, str]:
    """The URIs that `apt-get --print-uris` writes, by package."""
    return {
        _unquote(name).split("_")[0]: uri
        for uri, name in re.findall(r"^'(\S+)' (\S+\.deb) ", text, re.MULTILINE)
    }


def _plain(uri: str) -> str:
    """One spelling of a URI: apt escapes what it likes, and `file:///x` is `file:/x` for it."""
    return re.sub(r"^file:/+", "file:/", _unquote(uri))


def _unquote(text: str) -> str:
    return re.sub(r"%([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), text)
