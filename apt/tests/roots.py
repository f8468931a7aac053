"""The layers under test, unpacked and entered, so that Debian's own tools say whether they are right."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast

from python.runfiles import Runfiles

from tools.image_run.streams import open_layer
from tools.image_run.unpack import Tree, can_set_owners


def runfile(name: str) -> Path:
    """A file of this repository or of one that it knows, by its path in the runfiles tree."""
    (path,) = runfile_list(name)
    return path


def runfile_list(name: str) -> list[Path]:
    """Several files, as an environment variable names them with blanks between."""
    runfiles = Runfiles.Create()
    assert runfiles is not None
    found = [runfiles.Rlocation(path) for path in os.environ[name].split()]
    return [Path(path) for path in found if path is not None]


class Root:
    """A root directory made of layers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()

    def add(self, layer: Path) -> None:
        """Unpacks a layer over what is there."""
        tree = Tree(os.path.realpath(self.path), owners=can_set_owners())
        with open_layer(layer) as stream:
            tree.apply(cast(BinaryIO, stream))
        tree.finish()

    def run(
        self, *command: str, network: bool = False, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program in the root as its root user; what it writes stays."""
        network_options = (
            ["--ro-bind", "/etc/resolv.conf", "/etc/resolv.conf"] if network else ["--unshare-net"]
        )
        if network:
            (self.path / "etc/resolv.conf").touch()
        options = [
            *("--die-with-parent", "--bind", str(self.path), "/", "--dev", "/dev", "--proc", "/proc"),
            *("--perms", "1777", "--tmpfs", "/tmp", "--cap-add", "ALL", "--unshare-user-try", "--clearenv"),
            *(() if can_set_owners() else ("--uid", "0", "--gid", "0")),
            *network_options,
        ]
        if can_set_owners():
            options.remove("--unshare-user-try")
        settings = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
            "LANG": "C.UTF-8",
            **(env or {}),
        }
        for key, value in settings.items():
            options += ["--setenv", key, value]
        return subprocess.run(["bwrap", *options, *command], capture_output=True, text=True, check=False)

    def ok(self, *command: str) -> str:
        """The output of a program that succeeds."""
        done = self.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def snapshot(self) -> dict[str, str]:
        """Every path with its type, mode, owner and content, times left out."""
        found = {}
        for folder, folders, files in os.walk(self.path):
            for name in [*folders, *files]:
                path = Path(folder, name)
                info = path.lstat()
                if stat.S_ISLNK(info.st_mode):
                    content = str(path.readlink())
                elif stat.S_ISREG(info.st_mode):
                    content = hashlib.sha256(path.read_bytes()).hexdigest()
                else:
                    content = ""
                shown = f"{stat.filemode(info.st_mode)} {info.st_uid}:{info.st_gid} {content}"
                found["/" + str(path.relative_to(self.path))] = shown
        return found


def use_mirrors(root: Root, suite: str) -> dict[str, str]:
    """Has the root's apt ask the mirrors of this machine; returns the environment that it takes."""
    mirrors = json.loads(runfile("MIRRORS").read_text())["archives"]
    (sources,) = (
        (root.path / "etc/apt").rglob("*sources*/*.sources")
        if suite == "trixie"
        else (root.path / "etc/apt/sources.list",)
    )
    text = sources.read_text()
    # One-line style has the URL before the suite, deb822 has the field URIs above the field Suites.
    text = re.sub(rf"\S+://\S+(?=\s+(Suites: )?{suite}-security)", mirrors["debian-security"][0], text)
    text = re.sub(rf"\S+://\S+(?=\s+(Suites: )?{suite}(-updates)?\s)", mirrors["debian"][0], text)
    sources.write_text(text)
    names = ("http_proxy", "https_proxy", "no_proxy")
    return {key: value for key, value in os.environ.items() if key.lower() in names}


def locked_packages(lock: Path, arch: str, *sets: str) -> dict[str, str]:
    """Name and version of what sets of a lock install."""
    data = json.loads(lock.read_text())
    names = [name for each in sets for name in data["sets"][each]["packages"][arch]]
    return {name: data["packages"][arch][name]["version"] for name in names}
