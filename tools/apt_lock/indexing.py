"""Makes the index of sonames of a suite: from Contents, which the real apt fetches and checks."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from tools.apt_lock.choose import Decision, choose
from tools.apt_lock.contents import available, folders, shipped
from tools.apt_lock.session import Session
from tools.apt_lock.versions import symbol_versions
from tools.common.errors import ToolError
from tools.sonames.index import Sonames, natural

_TARGET = "Acquire::IndexTargets::deb::Contents-deb"
_READER = "/usr/lib/apt/apt-helper"


def sonames(
    session: Session, decisions: Sequence[Decision], release: str, say: Callable[[str], None]
) -> tuple[Sonames, Mapping[str, tuple[str, ...]]]:
    """The index, and what no rule decided. The session has fetched the suite's Packages."""
    suite = session.wanted.suite
    packages: dict[str, Mapping[str, str]] = {}
    undecided: dict[str, tuple[str, ...]] = {}
    versions: dict[str, set[str]] = defaultdict(set)
    for arch in session.wanted.architectures:
        folders(arch)  # before anything is fetched
        say(f"{suite}: fetching Contents for {arch}")
        files = _fetch(session, arch)
        say(f"{suite}: looking for libraries for {arch}")
        with session.stream(_READER, "cat-file", *files, archs=[arch]) as lines:
            libraries = shipped(lines, arch)
        with session.stream("apt-cache", "dumpavail", archs=[arch]) as lines:
            choice = choose(libraries, available(lines), decisions, suite)
        packages[arch] = choice.packages
        undecided |= choice.undecided
        say(f"{suite}: reading symbol versions for {arch}")
        for soname, names in symbol_versions(session, arch, choice.packages).items():
            versions[soname] |= names
    found = {soname: tuple(sorted(names, key=natural)) for soname, names in versions.items()}
    return Sonames(suite, release, packages, found), undecided


def _settings(arch: str) -> dict[str, str]:
    """Has apt fetch Contents too, as whole files, of one architecture.

    That is named, as apt would add `all` by itself: three quarters of the lines and, in Debian 11 to 13, no
    library, only links of -dev packages. Lists of the other architectures stay until the session is over.
    """
    return {
        f"{_TARGET}::MetaKey": f"$(COMPONENT)/Contents-{arch}",
        f"{_TARGET}::ShortDescription": f"Contents-{arch}",
        f"{_TARGET}::Description": f"$(RELEASE)/$(COMPONENT) {arch} Contents",
        f"{_TARGET}::KeepCompressed": "true",
        f"{_TARGET}::PDiffs": "false",
        "APT::Get::List-Cleanup": "false",
    }


def _fetch(session: Session, arch: str) -> list[str]:
    settings = _settings(arch)
    session.run("apt-get", "update", "--error-on=any", archs=[arch], settings=settings)
    filters = ("--format", "$(FILENAME)", "Created-By: Contents-deb")
    listed = session.run("apt-get", "indextargets", *filters, archs=[arch], settings=settings)
    if not (files := sorted(set(listed.split("\n")) - {""})):
        raise ToolError(
            f"the archive has no Contents for {arch}, so nothing says which package has which library",
            remedy='Leave "sonames" out of the .in.json, or name a mirror that has Contents: APT_MIRROR=URL.',
        )
    return files
