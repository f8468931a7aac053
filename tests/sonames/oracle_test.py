"""The index of a suite against packages themselves, those that images for building have.

`shlibs` and `symbols` are what a package says of its libraries; the libraries say who they are, and dpkg's
lists whose they are. The index comes from the archive's lists alone and must agree with all of them.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from apt.tests.roots import runfile, runfile_list
from tools.apt_lock.contents import MACHINES, folders
from tools.elf_scan.elf import MAGIC, Elf, read_stream
from tools.image_run.streams import open_layer
from tools.sonames.index import Sonames

INFO = re.compile(r"var/lib/dpkg/info/([^:/]+)(?::\w+)?\.(list|shlibs|symbols)")


@dataclass
class Installed:
    """What the layers have: libraries by path, files by package, and packages' own words by soname."""

    libraries: dict[str, Elf] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    said: dict[tuple[str, str], str] = field(default_factory=dict)


def merged(path: str) -> str:
    """A path without usr/: packages, images and dpkg's lists have a file of /lib on either side."""
    return path.removeprefix("./").removeprefix("/").removeprefix("usr/")


def said(kind: str, text: str) -> Iterator[str]:
    """The sonames of a package's shlibs or symbols. `udeb:` lines are for the installer."""
    for line in text.splitlines():
        if kind == "symbols" and re.match(r"\S+\.so", line):
            yield line.split()[0]
        elif kind == "shlibs" and line and not line.startswith(("udeb:", "#")):
            library, version = line.split()[:2]
            yield f"{library}.so.{version}"
            yield f"{library}-{version}.so"


def read(layers: list[Path], arch: str) -> Installed:
    """Reads layers in one pass each."""
    inside = {merged(folder + "/") for folder in folders(arch)}
    found = Installed()
    for layer in layers:
        with (
            open_layer(layer) as stream,
            tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|") as archive,
        ):
            for entry in archive:
                path = merged(entry.name)
                if not entry.isreg():
                    continue
                match = INFO.fullmatch(path)
                content = archive.extractfile(entry)
                assert content is not None
                if match and match[2] == "list":
                    lines = content.read().decode().splitlines()
                    found.owners.update({merged(line): match[1] for line in lines})
                elif match:
                    for soname in said(match[2], content.read().decode()):
                        found.said[match[1], soname] = match[2]
                elif path.rpartition("/")[0] + "/" in inside and ".so" in path:
                    blob = content.read()
                    if blob.startswith(MAGIC):
                        found.libraries[path] = read_stream(io.BytesIO(blob))
    return found


@pytest.fixture(scope="module")
def installed() -> Installed:
    return read(runfile_list("LAYERS"), os.environ["ARCH"])


@pytest.fixture(scope="module")
def index() -> Sonames:
    return Sonames.load(runfile("SONAMES"))


def in_default_folders(installed: Installed, arch: str) -> Mapping[str, set[str]]:
    """The names of each package's files in the loader's folders."""
    found: dict[str, set[str]] = {}
    inside = {merged(folder + "/") for folder in folders(arch)}
    for path, package in installed.owners.items():
        folder, _, name = path.rpartition("/")
        if folder + "/" in inside:
            found.setdefault(package, set()).add(name)
    return found


def test_packages_say_the_same(installed: Installed, index: Sonames) -> None:
    arch = os.environ["ARCH"]
    here = in_default_folders(installed, arch)
    checked = {key for key in installed.said if key[1] in here.get(key[0], ())}
    count = len(checked)
    assert count > 100
    wrong = [
        f"{soname}: {package}, {index.package(soname, arch)} in the index"
        for package, soname in sorted(checked)
        if index.package(soname, arch) != package
    ]
    assert wrong == []


def test_libraries_lead_back_to_their_packages(installed: Installed, index: Sonames) -> None:
    arch = os.environ["ARCH"]
    wrong, checked = [], 0
    for path, elf in sorted(installed.libraries.items()):
        if elf.soname and (elf.machine, elf.bits) == MACHINES[arch]:
            owner = installed.owners[path]
            checked += 1
            if index.package(elf.soname, arch) != owner:
                wrong.append(
                    f"{elf.soname}: {path} of {owner}, the index has {index.package(elf.soname, arch)}"
                )
    assert checked > 100
    assert wrong == []


def test_symbol_versions_are_those_of_the_libraries(installed: Installed, index: Sonames) -> None:
    found = {elf.soname: set(elf.version_definitions) for elf in installed.libraries.values() if elf.soname}
    known = {soname: set(names) for soname, names in index.symbol_versions.items()}
    assert {"libc.so.6", "libstdc++.so.6", "libgomp.so.1", "libz.so.1"} <= known.keys() & found.keys()
    assert {soname: found[soname] - known[soname] for soname in known.keys() & found.keys()} == {
        soname: set() for soname in known.keys() & found.keys()
    }
