"""Runs the command for an image of a few facts, on a signed archive with real .debs."""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.apt_lock.archive import Archive, Deb
from tools.apt_lock.locker import INPUT
from tools.deb_part.debs import CONTROL, ar, member, tar
from tools.elf_scan.elf_writer import Spec, write
from tools.elf_scan.facts import Libraries
from tools.lib_closure.cases import library, wheel
from tools.sonames import index

TRIPLETS = {"amd64": ("x86_64-linux-gnu", 62), "arm64": ("aarch64-linux-gnu", 183)}
SONAMES = {"libone.so.1": "libone1", "libtwo.so.2": "libtwo2", "libc.so.6": "libc6"}
COMMAND = "./bazelw run //app:train_pkgdeps"
STATUS = """\
Package: libc6
Status: install ok installed
Maintainer: Nobody <nobody@example.org>
Architecture: {arch}
Multi-Arch: same
Version: 2.36-9
Description: C library

"""


def deb(
    name: str,
    libraries: Mapping[str, Sequence[str]] | None = None,
    *,
    version: str = "1.0",
    fields: str = "",
    folder: str = "usr/lib/{triplet}",
) -> Deb:
    """A package with libraries by their soname, each of which needs others."""
    files = {}
    for arch, (triplet, machine) in TRIPLETS.items():
        content = {
            f"./{folder.format(triplet=triplet)}/{soname}": write(
                Spec(soname=soname, needed=needed, machine=machine)
            )
            for soname, needed in (libraries or {}).items()
        }
        control = CONTROL.format(name=name, version=version, arch=arch).encode() + fields.encode()
        packed = tar([(member("./control", size=len(control)), control)])
        data = tar([(member(path, size=len(blob)), blob) for path, blob in content.items()])
        parts = [("control.tar.xz", lzma.compress(packed)), ("data.tar.xz", lzma.compress(data))]
        files[arch] = ar([("debian-binary", b"2.0\n"), *parts])
    return Deb(name, version, fields=fields, files=files)


# What a wheel needs is in libone1, which needs libtwo2, and depends on a package without libraries too.
DEBS = [
    deb("libc6", version="2.36-9", fields="Multi-Arch: same\n"),
    deb(
        "libone1",
        {"libone.so.1": ["libtwo.so.2", "libc.so.6"]},
        fields="Depends: libtwo2, data, libc6\nInstalled-Size: 7\n",
    ),
    deb("libtwo2", {"libtwo.so.2": ["libc.so.6"]}, version="1:2.0+b1"),
    deb("data"),
]


class Keeper:
    """The command, an image for two architectures, and the archive."""

    def __init__(self, folder: Path, debs: Sequence[Deb]) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self.pkgdeps = self.workspace / "app/train.pkgdeps.json"
        self.lock = self.workspace / "app/train.apt.json"
        self.pkgdeps.parent.mkdir(parents=True)
        (folder / "tmp").mkdir()
        self.archive = Archive(folder / "archive")
        self.archive.publish_all(debs)
        (folder / "in.json").write_text(json.dumps(INPUT))
        (folder / "hints.json").write_text(json.dumps({"version": 1}))
        mirrors = {name: [f"file://{self.archive.root}/{name}"] for name in ("debian", "debian-security")}
        (folder / "mirrors.json").write_text(json.dumps({"archives": mirrors, "problem": "", "remedy": ""}))
        self.sonames(SONAMES)
        for arch in TRIPLETS:
            self._base(arch)
            self.needs(arch, "libone.so.1")
        self.plan()

    def plan(self, **change: Any) -> None:
        """Writes what Bazel says of the image."""
        at = self.folder
        plan = {
            "version": 1,
            "name": "//app:train",
            "update": COMMAND,
            "pkgdeps": "app/train.pkgdeps.json",
            "lock": "app/train.apt.json",
            "lock_label": "//app:train.apt.json",
            "apt": "",
            "sources": f"{at}/in.json",
            "refresh": "./bazelw run //apt:lock -- bookworm",
            "suite": "bookworm",
            "sonames": [f"{at}/sonames.json"],
            "hints": [f"{at}/hints.json"],
            "mirrors": f"{at}/mirrors.json",
            "architectures": {
                arch: {
                    "base": [f"{at}/{arch}.base.json"],
                    "wheels": [f"{at}/{arch}.wheel.json"],
                    "status": f"{at}/{arch}.status",
                }
                for arch in TRIPLETS
            },
        }
        (at / "plan.json").write_text(json.dumps(plan | change))

    def sonames(self, packages: Mapping[str, str]) -> None:
        """Writes the index of the suite."""
        known = index.Sonames("bookworm", "12.1", dict.fromkeys(TRIPLETS, packages), {})
        (self.folder / "sonames.json").write_text(index.dumps(known))

    def needs(self, arch: str, *sonames: str) -> None:
        """Writes the environment: a wheel with a file that needs libraries."""
        facts = wheel("pkg", "1.0", {"pkg/ext.so": library(*sonames, machine=TRIPLETS[arch][1])})
        (self.folder / f"{arch}.wheel.json").write_text(facts.dumps())

    def _base(self, arch: str) -> None:
        triplet, machine = TRIPLETS[arch]
        path = f"/usr/lib/{triplet}/libc.so.6"
        libc = library(soname="libc.so.6", machine=machine)
        facts = Libraries("debian", {path: libc}, {"/lib": "usr/lib"}, owners={path: "libc6"})
        (self.folder / f"{arch}.base.json").write_text(facts.dumps())
        (self.folder / f"{arch}.status").write_text(STATUS.format(arch=arch))

    def run(self, *arguments: str, before: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """Runs the command; `before` is what a shell does first."""
        command = [sys.executable, "-m", "tools.pkgdeps", "--keyring", str(self.archive.keyring), *arguments]
        settings = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": ":".join(sys.path),
            "PKGDEPS": str(self.folder / "plan.json"),
            "BUILD_WORKSPACE_DIRECTORY": str(self.workspace),
            "BUILD_WORKING_DIRECTORY": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
        }
        if before:
            command = ["sh", "-c", f'{before} && exec "$@"', "sh", *command]
        return subprocess.run(command, env=settings | env, capture_output=True, text=True, check=False)

    def ok(self, *arguments: str) -> str:
        """The output of a run that succeeds."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert list((self.folder / "tmp").iterdir()) == []
        return done.stdout

    def error(self, *arguments: str, **options: Any) -> str:
        """What a run says that fails and leaves all as it was."""
        before = self.files()
        done = self.run(*arguments, **options)
        assert done.returncode == 1, done.stdout + done.stderr
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr
        assert self.files() == before
        assert list((self.folder / "tmp").iterdir()) == []
        return done.stderr

    def stale(self) -> str:
        """What --check says of files that are not up to date, which it leaves as they are."""
        before = self.files()
        done = self.run("--check")
        assert (done.returncode, done.stderr) == (1, "")
        assert self.files() == before
        return done.stdout

    def files(self) -> dict[str, bytes]:
        """All files of the package, by name; a device has no end, so none is read."""
        return {
            path.name: path.read_bytes() if path.is_file() else b"" for path in self.pkgdeps.parent.iterdir()
        }
