"""The layer of an interpreter, for both architectures: whose it is, and that its making left no trace."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from tools.elf_scan import elf

PYTHON = os.environ["INTERPRETER"]
MACHINES = {"amd64": ("x86_64", elf.EM_X86_64), "arm64": ("aarch64", elf.EM_AARCH64)}
ARCHITECTURES = pytest.mark.parametrize("arch", MACHINES)


def layer(arch: str) -> tarfile.TarFile:
    return tarfile.open(Path(os.environ[f"LAYER_{arch.upper()}"]))


def content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    assert stream is not None
    return stream.read()


@ARCHITECTURES
def test_programs_and_libraries_are_for_the_image_not_for_the_builder(arch: str) -> None:
    found = []
    with layer(arch) as archive:
        for member in filter(tarfile.TarInfo.isreg, archive):
            data = content(archive, member)
            if data.startswith(elf.MAGIC):
                found.append(member.name)
                assert elf.read_stream(io.BytesIO(data)).machine == MACHINES[arch][1], member.name
    assert f"usr/local/bin/python{PYTHON}" in found
    assert len(found) > 30


def test_both_architectures_have_the_same_files() -> None:
    names = {}
    for arch, (machine, _) in MACHINES.items():
        with layer(arch) as archive:
            names[arch] = {name.replace(f"{machine}-linux-gnu", "TRIPLET") for name in archive.getnames()}
    assert names["amd64"] == names["arm64"]


@ARCHITECTURES
def test_everything_is_root_s_and_nobody_else_may_write(arch: str) -> None:
    with layer(arch) as archive:
        for member in archive:
            assert (member.uid, member.gid, member.uname, member.gname, member.mtime) == (0, 0, "", "", 0)
            kind = (member.isdir(), member.isreg(), member.issym())
            wanted = {
                (True, False, False): {0o755},
                (False, True, False): {0o644, 0o755},
                (False, False, True): {0o777},
            }
            assert member.mode in wanted[kind], member.name


@ARCHITECTURES
def test_links_stay_in_their_folder(arch: str) -> None:
    with layer(arch) as archive:
        links = {member.name: member.linkname for member in archive if member.issym()}
    assert links == {"usr/local/bin/python3": f"python{PYTHON}"}


@ARCHITECTURES
def test_nothing_names_the_machine_that_built_it(arch: str) -> None:
    with layer(arch) as archive:
        for member in filter(tarfile.TarInfo.isreg, archive):
            data = content(archive, member)
            for trace in (b"/execroot/", b"bazel-out", b"/sandbox/", os.fsencode(Path.home()) + b"/."):
                assert trace not in data, (member.name, trace)
