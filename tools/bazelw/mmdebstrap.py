"""Runs mmdebstrap: its command line, and what of its output becomes a step of the progress."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Mapping

from tools.bazelw import host, supervise, unprivileged
from tools.bazelw.progress import Progress
from tools.bazelw.recipe import Recipe

# What mmdebstrap says when it begins something, and what we call it.
STEPS = (
    ("running apt-get update", "reading the package lists"),
    ("downloading packages", "downloading"),
    ("extracting archives", "unpacking"),
    ("installing essential", "installing the essential packages"),
    ("installing remaining", "installing Bazel, its modules and tools"),
    ("cleaning package lists", "cleaning up"),
)

_PACKAGE = ("Unpacking ", "Setting up ")  # of dpkg, for each package


def command(recipe: Recipe, archive: host.Archive, suite: str, root: str) -> list[str]:
    """Returns the command that installs a suite below `root`, for root or someone who believes to be root."""
    uri = re.sub(r"^file:", "copy:", archive.uri)
    return [
        host.which("mmdebstrap"),
        "--verbose",  # for the log
        "--mode=root",
        "--format=directory",
        f"--variant={recipe.variant}",
        f"--include={','.join(recipe.packages)}",
        # A mirror of testing may be weeks old. Its signature is checked all the same.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--aptopt=Acquire::Languages "none"',
        *(f"--aptopt={option}" for option in host.apt_options()),
        "--dpkgopt=force-unsafe-io",
        # Files only: update-alternatives needs the folders of manuals.
        "--dpkgopt=path-exclude=/usr/share/man/*.gz",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        *(unprivileged.OPTIONS if unprivileged.needed() else ()),
        suite,
        root,
        f"deb [signed-by={','.join(archive.keyrings)}] {uri} {suite} main",
    ]


def run(
    arguments: list[str], root: str, log: str, progress: Progress, env: Mapping[str, str]
) -> tuple[int, list[str]]:
    """Runs it in a session of its own; returns its exit code and the last lines of its output."""
    descriptors: list[int] = []
    if unprivileged.needed():
        descriptors.append(supervise.memory_file(unprivileged.seccomp_filter(os.uname().machine)))
        arguments = [*unprivileged.prefix(host.which("bwrap"), descriptors[0]), *arguments]
    extra = {"PATH": host.PATH, "TMPDIR": os.path.dirname(root), "LC_ALL": "C.UTF-8"}
    tail: list[str] = []
    with open(log, "a", encoding="utf-8") as stream:
        stream.write(f"$ {shlex.join(without_password(argument) for argument in arguments)}\n")
        process = subprocess.Popen(
            arguments,
            env={**env, **extra},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            pass_fds=descriptors,
            start_new_session=True,
        )
        try:
            assert process.stdout
            for line in process.stdout:
                stream.write(line)
                tail = [*tail[-199:], line.rstrip("\n")]
                name = next((name for text, name in STEPS if line.startswith("I: ") and text in line), "")
                if name:
                    progress.step(name)
                elif line.startswith(_PACKAGE):
                    progress.detail(" ".join(line.split()[:-1]))
            return process.wait(), tail
        except BaseException:
            _stop(process)
            raise
        finally:
            for descriptor in descriptors:
                os.close(descriptor)


def without_password(text: str) -> str:
    """Removes user names and passwords from addresses."""
    return re.sub(r"(?<=://)[^/@\s]*@", "", text)


def _stop(process: subprocess.Popen[str]) -> None:
    """Lets mmdebstrap clean up after itself, and ends it when that takes too long."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for number, patience in ((signal.SIGINT, 10), (signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
            break
        except (subprocess.TimeoutExpired, ProcessLookupError):
            continue
