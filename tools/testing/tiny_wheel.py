"""Builds real wheels and source distributions of a few hundred bytes for tests."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class TinyWheel:
    """What a wheel is made of; `files` maps member names to content, and may be as wicked as a test needs."""

    name: str
    version: str = "1.0"
    tags: str = "py3-none-any"
    requires: Sequence[str] = ()
    requires_python: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.name.replace('-', '_')}-{self.version}-{self.tags}.whl"

    def write(self, folder: Path) -> Path:
        """Writes the wheel; its bytes depend on nothing but the fields."""
        info = f"{self.name.replace('-', '_')}-{self.version}.dist-info"
        metadata = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}"]
        metadata += [f"Requires-Dist: {requirement}" for requirement in self.requires]
        metadata += [f"Requires-Python: {self.requires_python}"] if self.requires_python else []
        pure = "true" if self.tags.endswith("-any") else "false"
        wheel = ["Wheel-Version: 1.0", "Generator: tiny", f"Root-Is-Purelib: {pure}"]
        wheel += [f"Tag: {tag}" for tag in self._single_tags()]
        module = self.name.replace("-", "_")
        members = {
            f"{module}.py": f"VERSION, TAGS = {self.version!r}, {self.tags!r}\n".encode(),
            **self.files,
            f"{info}/METADATA": "\n".join([*metadata, "", ""]).encode(),
            f"{info}/WHEEL": "\n".join([*wheel, ""]).encode(),
        }
        rows = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in members.items()]
        members[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
        path = folder / self.file
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        return path

    def _single_tags(self) -> list[str]:
        pythons, abis, platforms = (part.split(".") for part in self.tags.split("-"))
        return [f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms]


@dataclass(frozen=True)
class TinySdist:
    """What a source distribution is made of; its metadata says what it requires, for it isn't built."""

    name: str
    version: str = "1.0"
    requires: Sequence[str] = ()

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.name.replace('-', '_')}-{self.version}.tar.gz"

    def write(self, folder: Path) -> Path:
        """Writes the file; the time is in it."""
        root = self.file.removesuffix(".tar.gz")
        metadata = ["Metadata-Version: 2.2", f"Name: {self.name}", f"Version: {self.version}"]
        metadata += [f"Requires-Dist: {requirement}" for requirement in self.requires]
        members = {
            "PKG-INFO": "\n".join([*metadata, "", ""]),
            "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'
            'build-backend = "setuptools.build_meta"\n',
            "setup.py": "from setuptools import setup\n"
            f"setup(name={self.name!r}, version={self.version!r})\n",
        }
        path = folder / self.file
        with tarfile.open(path, "w:gz") as archive:
            for name, text in members.items():
                info = tarfile.TarInfo(f"{root}/{name}")
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
        return path


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def sha256(path: Path) -> str:
    """The hash of a file, spelled as in a lock."""
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
