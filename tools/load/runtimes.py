"""Finds the container engine of this machine: Docker or podman, whichever is there and answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.common.errors import ToolError

# In the order in which they are tried.
NAMES = ("docker", "podman")

_INSTALL = "Start one, or install one, on Debian with: apt-get install podman"
_TOOLBOX = """\
The toolbox of ./bazelw sees Docker's and podman's sockets in /run, but not podman's storage. Outside of it:
  ./bazelw run --script_path=/tmp/load {target} && /tmp/load"""


@dataclass(frozen=True)
class Runtime:
    """An engine that answers: how it is called, and whether it may see this machine's 127.0.0.1."""

    name: str
    command: tuple[str, ...]
    local: bool

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Calls it and keeps what it says."""
        return _run([*self.command, *arguments])

    def show(self, *arguments: str) -> int:
        """Calls it on the user's terminal: progress goes to stderr, and what else stdout has, nowhere."""
        stdout = 2 if self.name == "docker" and sys.stderr.isatty() else subprocess.DEVNULL
        command = [*self.command, *arguments]
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=stdout, check=False).returncode

    def full_name(self, name: str) -> str:
        """The name that the engine means by a short one."""
        host, slash, _ = name.partition("/")
        if slash and (host == "localhost" or "." in host or ":" in host):
            return name
        if self.name == "podman":
            return f"localhost/{name}"
        return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


@dataclass(frozen=True)
class Machine:
    """Where engines are looked for."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    patience: float = 30.0  # seconds for each question to an engine

    def sockets(self) -> list[Path]:
        """Where podman's service may listen."""
        folders = ["/run", self.environ.get("XDG_RUNTIME_DIR", "")]
        return [path for each in folders if each and (path := Path(each, "podman/podman.sock")).exists()]

    def ask(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Asks an engine for something that takes no time, if it is well."""
        try:
            return _run(command, self.patience)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(
                command, 1, "", f"gave no answer for {self.patience:g} seconds"
            )


def find(wanted: str | None, target: str, shell: str, machine: Machine | None = None) -> Runtime:
    """The engine that the user wants, or the first that answers; says why there is none.

    Args:
        wanted: a name of NAMES.
        target: what the user started, for the error.
        shell: the target that starts the image without an engine, for the error.
        machine: where to look.
    """
    machine = machine or Machine()
    why = []
    for name in [wanted] if wanted else NAMES:
        found = _answering(name, machine)
        if isinstance(found, Runtime):
            return found
        why.append(found)
    remedies = [_INSTALL]
    if machine.environ.get("BAZELW_INSIDE"):
        remedies.append(_TOOLBOX.format(target=target))
    if shell:
        remedies.append(f"Without one the image starts all the same: bazel run {shell}")
    raise ToolError(
        "there is no container engine to load into\n" + "\n".join(why), remedy="\n".join(remedies)
    )


def _answering(name: str, machine: Machine) -> Runtime | str:
    """The engine, or why it cannot be used."""
    program = shutil.which(name, path=machine.environ.get("PATH"))
    if not program:
        return f"{name}: is not on PATH"
    if name == "docker" and "podman" not in machine.ask(program, "--version").stdout.lower():
        return _docker(program, machine)
    return _podman(program, machine)


def _docker(program: str, machine: Machine) -> Runtime | str:
    done = machine.ask(program, "version", "--format", "{{.Server.Version}}")
    if done.returncode:
        return f"docker: {_reason(done)}"
    endpoint = machine.ask(program, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    return Runtime("docker", (program,), endpoint.stdout.startswith("unix:"))


def _podman(program: str, machine: Machine) -> Runtime | str:
    """Podman itself, or the service of this machine's podman where only its socket can be reached."""
    reason = ""
    for options in [(), *(("--url", f"unix://{socket}") for socket in machine.sockets())]:
        done = machine.ask(program, *options, "info", "--format", "{{.Host.ServiceIsRemote}}")
        if done.returncode == 0:
            host = machine.environ.get("CONTAINER_HOST", "unix:")
            return Runtime("podman", (program, *options), bool(options) or host.startswith("unix:"))
        reason = reason or _reason(done)
    return f"podman: {reason}"


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"ended with exit code {done.returncode}"


def _run(command: Sequence[str], patience: float | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=patience,
    )
