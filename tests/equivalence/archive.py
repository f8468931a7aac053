"""An archive of locked .debs in a folder, as small as apt allows: one suite, component and architecture.

Bazel has checked each .deb against the lock, so nobody signs this archive, and apt is told to trust it.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from python.runfiles import Runfiles

_VERSION = 1
_POOL = "pool"


@dataclass(frozen=True)
class Deb:
    """One locked .deb; `auto` says that only a dependency asked for it."""

    package: str
    path: Path
    auto: bool


@dataclass(frozen=True)
class Locked:
    """What a target of the rule locked_debs lists."""

    suite: str
    arch: str
    debs: Sequence[Deb]

    @property
    def roots(self) -> list[str]:
        """The packages to ask apt for: it finds the others."""
        return [deb.package for deb in self.debs if not deb.auto]


def read_locked(listing: Path) -> Locked:
    """Reads the default output of locked_debs; the .debs themselves are among the test's runfiles."""
    data = json.loads(listing.read_text(encoding="utf-8"))
    assert data["version"] == _VERSION, f"{listing} is of another version"
    runfiles = Runfiles.Create()
    assert runfiles is not None
    debs = []
    for each in data["debs"]:
        path = runfiles.Rlocation(each["path"])
        assert path is not None, each
        debs.append(Deb(each["package"], Path(path).resolve(), each["auto"]))
    return Locked(data["suite"], data["arch"], debs)


def make_archive(root: Path, locked: Locked) -> str:
    """Makes the archive in a new folder; returns its line of apt's sources."""
    binaries = root / f"dists/{locked.suite}/main/binary-{locked.arch}"
    binaries.mkdir(parents=True)
    (root / _POOL).mkdir()
    index = "".join(_stanza(root, deb) for deb in locked.debs).encode()
    (binaries / "Packages").write_bytes(index)
    digest = hashlib.sha256(index).hexdigest()
    release = f"Suite: {locked.suite}\nCodename: {locked.suite}\nDate: Thu, 01 Jan 1970 00:00:00 UTC\n"
    release += f"Architectures: {locked.arch}\nComponents: main\n"
    release += f"SHA256:\n {digest} {len(index)} main/binary-{locked.arch}/Packages\n"
    (root / "dists" / locked.suite / "Release").write_text(release)
    # Like file:, but apt copies what it installs into the root, where dpkg looks for it.
    return f"deb [trusted=yes] copy:{root} {locked.suite} main"


def _stanza(root: Path, deb: Deb) -> str:
    """Links a .deb into the pool; returns its entry in the index: its control file, and where it is."""
    control = subprocess.run(
        ["dpkg-deb", "--field", deb.path], capture_output=True, text=True, check=True
    ).stdout.strip("\n")
    name = f"{_POOL}/{deb.package}.deb"
    (root / name).symlink_to(deb.path)
    data = deb.path.read_bytes()
    place = f"Filename: {name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}"
    return f"{control}\n{place}\n\n"
