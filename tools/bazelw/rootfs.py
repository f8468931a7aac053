"""Finishes a freshly installed root: Bazel's system configuration, apt's sources, a list of its packages."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from tools.bazelw.host import Archive

DOCKER = "/usr/local/bin/docker"
SYSTEM_RC = "etc/bazel.bazelrc"
_DEBIAN_RC = "etc/bazel/bazelrc"
# Debian sets these for all users. The first is a deprecated no-op that warns on each call, the second keeps
# every sandbox on disk and floods the output of a failing action, the third wins over the workspace's list.
_UNWANTED = ("build --host_javabase=", "build --sandbox_debug", "common --override_module=")


def finish(scratch: str, archive: Archive, suite: str) -> dict[str, Any]:
    """Completes SCRATCH/root and returns what `--toolbox-info` shows of it."""
    root = os.path.join(scratch, "root")
    _bazelrc(root)
    _apt_sources(root, archive, suite)
    for entry in os.scandir(os.path.join(root, "dev")):  # what an unprivileged build mounted something on
        if entry.is_file(follow_symlinks=False):
            os.unlink(entry.path)
    for name in ("resolv.conf", "hosts", "hostname", "pip.conf", "gitconfig"):  # the host's are mounted here
        path = os.path.join(root, "etc", name)
        if os.path.islink(path):
            os.unlink(path)
        open(path, "a", encoding="utf-8").close()
    for name in ("etc/xdg/pip", "var/tmp", "var/lib/ca-certificates-java"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    # Not executable, so that nobody takes it for docker where the host has none (view.py).
    os.makedirs(os.path.join(root, "usr/local/bin"), exist_ok=True)
    open(root + DOCKER, "w", encoding="utf-8").close()
    return {"packages": packages(root)}


def _bazelrc(root: str) -> None:
    path = os.path.join(root, _DEBIAN_RC)
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as stream:
        lines = [line for line in stream if not line.startswith(_UNWANTED)]
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(lines)
    with open(os.path.join(root, SYSTEM_RC), "w", encoding="utf-8") as stream:
        stream.write(
            "# Modules come from this root, see airgap/README.md in the workspace.\ncommon --config=airgap\n"
        )


def _apt_sources(root: str, archive: Archive, suite: str) -> None:
    """Names the mirror, which `bazel run //apt:lock` asks too, with the keys that are in the root."""
    keyrings = os.path.join(root, "usr/share/keyrings")
    os.makedirs(keyrings, exist_ok=True)
    names = []
    for number, keyring in enumerate(archive.keyrings):
        name = os.path.basename(keyring)
        if not os.path.exists(os.path.join(keyrings, name)):
            name = f"bazelw-{number}-{name}"
            with open(keyring, "rb") as source, open(os.path.join(keyrings, name), "wb") as target:
                target.write(source.read())
        names.append(f"/usr/share/keyrings/{name}")
    with open(os.path.join(root, "etc/apt/sources.list"), "w", encoding="utf-8") as stream:
        stream.write(f"deb [signed-by={','.join(names)}] {archive.public_uri} {suite} main\n")


def packages(root: str) -> dict[str, str]:
    """Returns the installed packages and their versions."""
    listing = subprocess.run(
        ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "--show", "--showformat=${Package} ${Version}\\n"],
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ).stdout
    return dict(line.split(" ", 1) for line in listing.splitlines())
