"""A real Docker daemon that keeps everything in one folder, and away from the machine's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.image_run.unpack import can_set_owners, remove_tree

# No bridge and no firewall rules: the network of the machine stays as it is, and containers have none.
_OPTIONS = ["--iptables=false", "--ip6tables=false", "--bridge=none"]
_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def missing() -> str:
    """Why there can be no daemon here, or nothing."""
    if not can_set_owners():
        return "Docker's daemon needs root"
    return "" if shutil.which("dockerd", path=_PATH) else "there is no dockerd on PATH"


class Docker:
    """A daemon, to be used as `with Docker(...) as docker`; `options` are further ones of dockerd."""

    def __init__(self, *options: str) -> None:
        # Names of sockets are short, so it cannot be below Bazel's folders.
        self.folder = Path(tempfile.mkdtemp(prefix="dockerd."))
        self.socket = self.folder / "docker.sock"
        self.environment = {
            "DOCKER_CONFIG": str(self.folder / "config"),
            "DOCKER_HOST": f"unix://{self.socket}",
            "HOME": str(self.folder),
            "PATH": _PATH,
        }
        self._options = [
            *_OPTIONS,
            f"--data-root={self.folder}/data",
            f"--exec-root={self.folder}/exec",
            f"--pidfile={self.folder}/pid",
            f"--host=unix://{self.socket}",
            *options,
        ]

    def __enter__(self) -> Docker:
        with (self.folder / "log").open("w") as log:
            command = [str(shutil.which("dockerd", path=_PATH)), *self._options]
            self._daemon = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        while self.run("version").returncode:
            assert self._daemon.poll() is None, (self.folder / "log").read_text()
        return self

    def __exit__(self, *_: object) -> None:
        self._daemon.terminate()
        self._daemon.wait()
        self._unmount()
        remove_tree(str(self.folder))

    def _unmount(self) -> None:
        """The daemon mounts its folder on itself, and may end without taking that back on a busy machine."""
        mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for mount in reversed(mounts):
            if mount.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "--lazy", mount], check=True)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Calls docker."""
        return subprocess.run(
            ["docker", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def ok(self, *arguments: str) -> str:
        """The output of a docker that succeeds."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout

    @contextmanager
    def over_tcp(self) -> Iterator[str]:
        """Has the daemon answer on a port of the loopback interface, too; yields the value of DOCKER_HOST."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=self._accept, args=(server,), daemon=True).start()
            yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
            server.shutdown(socket.SHUT_RDWR)

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            daemon = socket.socket(socket.AF_UNIX)
            daemon.connect(str(self.socket))
            for source, target in ((client, daemon), (daemon, client)):
                threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        target.close()
