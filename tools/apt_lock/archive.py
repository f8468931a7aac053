"""A signed Debian archive for tests, whose packages exist in the index alone, but those that have files."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SUITES = {"bookworm": "debian", "bookworm-updates": "debian", "bookworm-security": "debian-security"}
DATE = "Sat, 11 Jul 2026 10:16:37 UTC"


@dataclass(frozen=True)
class Deb:
    """A package as an index lists it; `files` are its .debs by architecture."""

    name: str
    version: str = "1.0"
    arch: str = "any"
    fields: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)

    def path(self, arch: str) -> str:
        """Where an archive has its .deb."""
        own = arch if self.arch == "any" else self.arch
        return f"pool/main/{self.name[0]}/{self.name}/{self.name}_{self.version.split(':')[-1]}_{own}.deb"

    def stanza(self, arch: str) -> str:
        """Its entry in the Packages file of an architecture."""
        own = arch if self.arch == "any" else self.arch
        path = self.path(arch)
        name = path.rpartition("/")[2]
        size, file = 1000 + len(name), name.encode()
        if arch in self.files:
            size, file = len(self.files[arch]), self.files[arch]
        return (
            f"Package: {self.name}\nVersion: {self.version}\nArchitecture: {own}\n"
            "Maintainer: Nobody <nobody@example.org>\n"
            f"{self.fields}Filename: {path}\nSize: {size}\n"
            f"SHA256: {hashlib.sha256(file).hexdigest()}\nDescription: test\n\n"
        )


class Archive:
    """Both archives below a folder, and the key that signs them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self._key = root / "key"
        self.keyring = root / "keyring.pgp"
        self._key.write_bytes(_sqop(b"", "generate-key", "Test <t@example.org>"))
        self.keyring.write_bytes(_sqop(_sqop(self._key.read_bytes(), "extract-cert"), "dearmor"))

    def publish(
        self,
        suite: str,
        debs: Sequence[Deb],
        *,
        date: str = DATE,
        until: str | None = None,
        sign: bool = True,
        contents: Mapping[str, str] | None = None,
    ) -> Path:
        """Writes a suite anew, with `contents` by architecture; returns its InRelease."""
        folder = self.root / SUITES[suite] / "dists" / suite
        sums = []
        for arch in ("amd64", "arm64"):
            text = "".join(deb.stanza(arch) for deb in debs)
            lists = {f"main/binary-{arch}/Packages": text}
            lists |= {f"main/Contents-{arch}": contents[arch]} if contents and arch in contents else {}
            for name, content in lists.items():
                plain = content.encode()
                for path, data in ((f"{name}.gz", gzip.compress(plain, mtime=0)), (name, plain)):
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    (folder / path).write_bytes(data)
                    sums.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {path}")
            for deb in debs:
                if arch in deb.files:
                    file = self.root / SUITES[suite] / deb.path(arch)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(deb.files[arch])
        release = f"Origin: Debian\nSuite: {suite}\nCodename: {suite}\nVersion: 12.1\nDate: {date}\n"
        release += f"Valid-Until: {until}\n" if until else ""
        release += "Architectures: all amd64 arm64\nComponents: main\nSHA256:\n" + "\n".join(sums) + "\n"
        inrelease = folder / "InRelease"
        signer = ("inline-sign", "--as", "clearsigned", str(self._key))
        inrelease.write_bytes(_sqop(release.encode(), *signer) if sign else release.encode())
        return inrelease

    def publish_all(self, debs: Sequence[Deb], others: Mapping[str, Sequence[Deb]] | None = None) -> None:
        """Writes all suites; those that are not named are empty."""
        for suite in SUITES:
            self.publish(suite, debs if suite == "bookworm" else (others or {}).get(suite, []))


def _sqop(data: bytes, *arguments: str) -> bytes:
    return subprocess.run(["sqop", *arguments], input=data, capture_output=True, check=True).stdout
