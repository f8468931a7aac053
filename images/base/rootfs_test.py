"""The layer with the commands of every image: what is in it, and that nothing of this machine is."""

import os
import tarfile
from pathlib import Path

LAYER = Path(os.environ["LAYER"])
COMMANDS = ("apt-install", "find-libdeps", "wait-for-port")


def members() -> dict[str, tarfile.TarInfo]:
    with tarfile.open(LAYER) as archive:
        return {member.name.removeprefix("./"): member for member in archive}


def test_the_commands_are_root_s_and_executable() -> None:
    found = members()
    assert sorted(name for name, member in found.items() if member.isreg()) == [
        f"usr/local/sbin/{name}" for name in COMMANDS
    ]
    assert {(member.uid, member.gid, member.mode & 0o7777, member.mtime) for member in found.values()} == {
        (0, 0, 0o755, 0)
    }
    assert {name for name, member in found.items() if member.isdir()} <= {
        "usr",
        "usr/local",
        "usr/local/sbin",
    }


def test_gzip_has_no_time_in_it() -> None:
    assert LAYER.read_bytes()[4:8] == bytes(4)


def test_every_command_starts_in_a_shell_that_any_image_has() -> None:
    with tarfile.open(LAYER) as archive:
        for member in filter(tarfile.TarInfo.isreg, archive):
            stream = archive.extractfile(member)
            assert stream is not None
            assert stream.readline() == b"#!/bin/sh\n"
