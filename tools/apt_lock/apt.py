"""The real apt as solver, with a configuration, state and cache of its own in a temporary folder.

Nothing of the machine's apt is read but the program itself and the keyring: no sources, no preferences, no
installed packages. Signatures of every InRelease are checked; there is no switch to turn that off.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.apt_lock.inputs import Input, PackageSet, Source, below
from tools.apt_lock.lockfile import Lock, LockedSet, Package, Release
from tools.common.errors import ToolError

KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
)
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass(frozen=True)
class Origin:
    """Where to lock from: the URL of each archive, the keys to trust, whether an old Release file will do."""

    mirrors: Mapping[str, str]
    keyring: Path
    snapshot: bool


class Apt:
    """apt-get and apt-cache for one input, in `root`, which the caller makes and removes."""

    def __init__(self, root: Path, wanted: Input, origin: Origin) -> None:
        if shutil.which("apt-get") is None:
            raise ToolError(
                "there is no apt-get on this machine, and it is apt-get that resolves dependencies",
                remedy="Run it where Debian's apt is: BAZELW_TOOLBOX=1 ./bazelw run //apt:lock",
            )
        self._root, self._wanted, self._origin = root, wanted, origin
        self._prepare()

    def update(self) -> None:
        """Fetches Release and Packages files for all architectures; any failure is an error."""
        self._run("apt-get", "update", "--error-on=any", archs=self._wanted.architectures)

    def releases(self) -> dict[str, Release]:
        """The signed Release files that `update` left behind, by suite."""
        found = {}
        for source in self._wanted.sources:
            fields = dict(re.findall(r"^(Date|Version): (.*)$", self._release(source), re.MULTILINE))
            found[source.suite] = Release(source.archive, fields.get("Date", ""), fields.get("Version", ""))
        return found

    def lacking(self) -> list[str]:
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
            packages[arch] = self._records(merged, arch)
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
        return {
            _unquote(name).split("_")[0]: uri
            for uri, name in re.findall(r"^'(\S+)' (\S+\.deb) ", text, re.MULTILINE)
        }

    def _records(self, uris: Mapping[str, str], arch: str) -> dict[str, Package]:
        """The index record of each chosen file: apt-cache shows all versions, the file's path tells which."""
        stanzas = self._run("apt-cache", "show", *sorted(uris), archs=[arch]).strip().split("\n\n")
        found: dict[str, Package] = {}
        for fields in (dict(re.findall(r"^([\w-]+): (.*)$", text, re.MULTILINE)) for text in stanzas):
            archive = self._archive_of(uris[fields["Package"]], fields["Filename"])
            if archive is not None:
                found[fields["Package"]] = Package(
                    version=fields["Version"],
                    architecture=fields["Architecture"],
                    archive=archive,
                    path=fields["Filename"],
                    size=int(fields["Size"]),
                    sha256=fields["SHA256"],
                )
        if missing := sorted(uris.keys() - found.keys()):
            raise ToolError(f"apt chose files that its own index does not list: {', '.join(missing)}")
        return found

    def _archive_of(self, uri: str, path: str) -> str | None:
        """The archive whose mirror and this path make the URI; None when the path is another version's."""
        for archive, mirror in self._origin.mirrors.items():
            if _plain(uri) == _plain(f"{mirror.rstrip('/')}/{path}"):
                return archive
        return None

    def _prepare(self) -> None:
        for folder in (
            "state/lists/partial",
            "cache/archives/partial",
            "etc/apt.conf.d",
            "etc/preferences.d",
            "log",
        ):
            (self._root / folder).mkdir(parents=True)
        (self._root / "status").touch()

    def _sources(self, archs: Sequence[str]) -> str:
        """apt's sources. One for other architectures is left out, as apt would read it all the same."""
        lines = []
        for source in self._wanted.sources:
            options = [f"signed-by={self._origin.keyring}"]
            options += ["check-valid-until=no"] if self._origin.snapshot else []
            if source.architectures:
                shared = [arch for arch in archs if arch in source.architectures]
                if not shared:
                    continue
                options.append(f"arch={','.join(shared)}")
            mirror, components = self._origin.mirrors[source.archive], " ".join(self._wanted.components)
            lines.append(f"deb [{' '.join(options)}] {mirror} {source.suite} {components}\n")
        return "".join(lines)

    def _config(self, archs: Sequence[str]) -> str:
        root = self._root
        settings = {
            "Dir": "/",
            "Dir::State": root / "state",
            "Dir::State::status": root / "status",
            "Dir::Cache": root / "cache",
            "Dir::Log": root / "log",
            "Dir::Etc": root / "etc",
            "Dir::Etc::trusted": "/dev/null",
            "Dir::Etc::trustedparts": "/dev/null",
            "APT::Architecture": archs[0],
            "APT::Install-Recommends": "false",
            "APT::Install-Suggests": "false",
            "APT::Get::AllowUnauthenticated": "false",
            "APT::Sandbox::User": "root",  # the temporary folder is not readable for _apt
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::AllowWeakRepositories": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Dpkg::Use-Pty": "false",
        }
        lines = [f'{key} "{value}";' for key, value in settings.items()]
        return "\n".join(
            [*lines, "APT::Architectures { " + " ".join(f'"{arch}";' for arch in archs) + " };", ""]
        )

    def _run(self, program: str, *args: str, archs: Sequence[str]) -> str:
        config = self._root / "apt.conf"
        config.write_text(self._config(archs))
        (self._root / "etc/sources.list").write_text(self._sources(archs))
        done = subprocess.run(
            [program, *args],
            env={**os.environ, "APT_CONFIG": str(config), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ToolError(
                f"{program} {args[0]} failed:\n" + _errors(done.stderr), remedy=_remedy(done.stderr)
            )
        return done.stdout


def _auto(wanted: PackageSet, packages: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """What only dependencies asked for; essential packages and theirs never count, as after debootstrap."""
    if wanted.essential:
        return dict.fromkeys(packages, ())
    return {
        arch: tuple(name for name in names if name not in wanted.roots) for arch, names in packages.items()
    }


def _errors(stderr: str) -> str:
    """apt's own words, without the notes and each once."""
    lines = [line for line in dict.fromkeys(stderr.splitlines()) if line.startswith(("E:", "W:", "  ", " "))]
    return "\n".join("  " + line for line in lines or stderr.splitlines())


def _remedy(stderr: str) -> str | None:
    hints: Iterable[tuple[str, str]] = (
        (
            "not signed",
            "The mirror's Release file is not signed by the keyring. Choose another mirror: APT_MIRROR=URL.",
        ),
        (
            "NO_PUBKEY",
            "The mirror's Release file is not signed by the keyring. Choose another mirror: APT_MIRROR=URL.",
        ),
        ("BADSIG", "The mirror's Release file was altered. Choose another mirror: APT_MIRROR=URL."),
        (
            "expired",
            "The mirror is stale. Choose another (APT_MIRROR=URL), or name a snapshot with --snapshot URL.",
        ),
        ("Unable to locate", "A root is not in this suite; see the sets in the .in.json file."),
        ("404 ", "The mirror lacks this suite. APT_MIRROR and APT_SECURITY_MIRROR name others."),
        ("onnect", _unreachable()),
        ("resolv", _unreachable()),
        (
            "does not have a Release file",
            "The mirror lacks this suite; see the sources in the .in.json file. APT_MIRROR names others.",
        ),
    )
    return next((hint for word, hint in hints if word in stderr), None)


def _unreachable() -> str:
    """What to do without an answer; names a proxy, as apt does not say that the environment chose it."""
    named = {name: os.environ[name] for name in _PROXIES if os.environ.get(name)}
    proxies = [name + "=" + re.sub(r"(^|//)[^/]*@", r"\1***@", value) for name, value in named.items()]
    through = f", or nothing gets through the proxy {', '.join(proxies)}" if proxies else ""
    return f"No network, or the mirror is down{through}. APT_MIRROR=URL chooses another."


def _plain(uri: str) -> str:
    """One spelling of a URI: apt escapes what it likes, and `file:///x` is `file:/x` for it."""
    return re.sub(r"^file:/+", "file:/", _unquote(uri))


def _unquote(text: str) -> str:
    return re.sub(r"%([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), text)
