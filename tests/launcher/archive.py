"""Makes little Debian archives: real packages, real indexes, real signatures."""

from __future__ import annotations

import dataclasses
import datetime
import gzip
import hashlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from email.utils import format_datetime
from pathlib import Path

# What a toolbox needs for its tests, and for bubblewrap's command line.
PROGRAMS = "bash cat env id ls setsid sleep stat test touch true tty".split()
_ARCHITECTURE = subprocess.run(
    ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
).stdout.strip()


@dataclasses.dataclass(frozen=True)
class Key:
    """A key that signs archives."""

    home: Path
    public: Path


@dataclasses.dataclass(frozen=True)
class Package:
    """A .deb and its stanza in the index, which lacks what depends on the file's place."""

    deb: Path
    control: str


def make_key(home: Path, public: Path) -> Key:
    """Makes a key with GnuPG."""
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet"]
    subprocess.run(
        [
            *gpg,
            "--passphrase",
            "",
            "--quick-generate-key",
            "test@archive.invalid",
            "ed25519",
            "sign",
            "never",
        ],
        check=True,
    )
    subprocess.run([*gpg, "--output", str(public), "--export"], check=True)
    return Key(home, public)


def make_package(folder: Path, name: str = "tiny", depends: str = "", bazel: str = "") -> Package:
    """Builds a .deb with a few programs of this machine, their libraries, and perhaps a script as Bazel."""
    root = folder / name
    for place in "dev proc sys etc mnt run srv tmp usr/bin usr/lib var DEBIAN".split():
        (root / place).mkdir(parents=True)
    for link in ("bin", "lib", "lib64"):
        (root / link).symlink_to("usr/bin" if link == "bin" else "usr/lib")
    for program in PROGRAMS:
        source = shutil.which(program, path="/usr/bin:/bin")
        assert source, program
        shutil.copy(source, root / "usr/bin" / program)
        for library in _libraries(source):
            target = root / "usr/lib" / Path(library).name
            if not target.exists():
                shutil.copy(library, target)
    if bazel:
        (root / "usr/bin/bazel").write_text(f"#!/bin/bash\n{bazel}\n")
        (root / "usr/bin/bazel").chmod(0o755)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    (root / "etc/group").write_text("root:x:0:\n")
    control = f"Package: {name}\nVersion: 1.0\nArchitecture: {_ARCHITECTURE}\n"
    control += "Maintainer: Test <test@archive.invalid>\n"
    control += f"Depends: {depends}\n" if depends else ""
    control += "Description: a shell\n"
    (root / "DEBIAN/control").write_text(control)
    deb = folder / f"{name}_1.0_{_ARCHITECTURE}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(root), str(deb)],
        check=True,
        capture_output=True,
    )
    return Package(deb, control)


def _libraries(program: str) -> list[str]:
    listing = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(/\S+) \(0x", listing)


def add_suite(
    mirror: Path,
    suite: str,
    packages: Sequence[Package],
    key: Key,
    *,
    date: datetime.datetime | None = None,
    valid_days: int = 7,
) -> Path:
    """Writes a suite with its packages and index, signed; returns its folder."""
    folder = mirror / "dists" / suite
    index = folder / "main" / f"binary-{_ARCHITECTURE}"
    index.mkdir(parents=True)
    pool = mirror / "pool"
    pool.mkdir(exist_ok=True)
    stanzas = []
    for package in packages:
        shutil.copy(package.deb, pool / package.deb.name)
        content = package.deb.read_bytes()
        place = f"Filename: pool/{package.deb.name}\nSize: {len(content)}\n"
        stanzas.append(f"{package.control}{place}SHA256: {hashlib.sha256(content).hexdigest()}\n")
    text = "\n".join(stanzas).encode()
    (index / "Packages").write_bytes(text)
    (index / "Packages.gz").write_bytes(gzip.compress(text, mtime=0))
    when = date or datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)
    release = [
        f"Origin: Test\nSuite: {suite}\nCodename: {suite}\nComponents: main\nArchitectures: {_ARCHITECTURE}",
        f"Date: {format_datetime(when, usegmt=True)}",
        f"Valid-Until: {format_datetime(when + datetime.timedelta(days=valid_days), usegmt=True)}",
        "SHA256:",
    ]
    for path in (index / "Packages", index / "Packages.gz"):
        content = path.read_bytes()
        release.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} {path.relative_to(folder)}")
    (folder / "Release").write_text("\n".join(release) + "\n")
    gpg = ["gpg", "--homedir", str(key.home), "--batch", "--yes", "--quiet"]
    signed = folder / "InRelease"
    subprocess.run([*gpg, "--clearsign", "--output", str(signed), str(folder / "Release")], check=True)
    (folder / "Release").unlink()  # apt must not find an unsigned one
    return folder
