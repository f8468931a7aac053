"""Real servers on free ports of the loopback interface, from the configurations in tools/remote_cache."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.lint.workspace import root

_USER, _PASSWORD = "ci", "correct-horse"
_PATIENCE = 60
_RUNNER = "buildbox-run-bubblewrap"
# What a worker has beside the inputs of an action; //tools/platforms:worker.
_WORKER_HAS = ("usr", "bin", "lib", "lib64")


@dataclass
class Server:
    """A server; `data` is where it keeps blobs, `login` a file like ~/.netrc with which one may write."""

    address: str
    folder: Path
    data: Path
    command: list[str]
    login: Path
    environment: Mapping[str, str] | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        with (self.folder / "output.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        host, port = self.address.split(":")

        def listens() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "output.log").read_text()
            with socket.socket() as connection:
                return connection.connect_ex((host, int(port))) == 0

        wait_for(listens, f"{self.command[0]} listens on {self.address}")

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to it and its children."""
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """Ends it without warning."""
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def sent(self) -> int:
        """How many bytes an nginx has sent so far. It writes down the last ones when it ends."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait()
        self.start()
        log = self.folder / "access.log"
        return sum(int(line.split()[-2]) for line in log.read_text(encoding="utf-8").splitlines())

    def blobs(self, kind: str = "cas") -> list[Path]:
        """The files that it keeps."""
        return sorted(path for path in (self.data / kind).rglob("*") if path.is_file())


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Waits until something is so."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, f"not after {_PATIENCE} s: {what}"
        time.sleep(0.02)


@contextmanager
def when(condition: Callable[[], object], act: Callable[[], None]) -> Iterator[None]:
    """Does something in the midst of a build."""
    done: list[bool] = []

    def watch() -> None:
        wait_for(condition, "what the test waits for")
        act()
        done.append(True)

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    thread.join()
    assert done


@contextmanager
def nginx(folder: Path) -> Iterator[Server]:
    """A cache of files."""
    with running(_configured("nginx", folder)) as server:
        yield server


@contextmanager
def casd(folder: Path) -> Iterator[Server]:
    """buildbox-casd as cache and engine with two workers, and nginx before it."""
    folder.mkdir()
    address = f"127.0.0.1:{free_port()}"
    command = [program("buildbox-casd"), f"--bind={address}", "--jobs=2", *runner(), str(folder / "data")]
    daemon = Server(address, folder, folder / "data", command, folder)
    front = _configured("casd", folder / "front")
    front.data = daemon.data
    answer = base64.b64decode((front.folder / "capabilities.b64").read_bytes())
    (front.folder / "capabilities.bin").write_bytes(answer)
    (front.folder / "daemon.conf").write_text(f"server {address};\n", encoding="utf-8")
    with running(daemon), running(front):
        yield front


def runner() -> list[str]:
    """Options of casd or of a worker: an action sees its inputs and what every worker has, no more."""
    binds = [f"--runner-arg=--bind-mount=/{name}:/{name}" for name in _WORKER_HAS]
    return [f"--buildbox-run={program(_RUNNER)}", *binds]


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """A server for as long as it is needed."""
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _configured(name: str, folder: Path) -> Server:
    """A folder for nginx with one of our configurations, and a writer with a password."""
    shutil.copytree(root() / "tools/remote_cache" / name, folder, copy_function=shutil.copyfile)
    address = f"127.0.0.1:{free_port()}"
    (folder / "listen.conf").write_text(f"listen {address};\n", encoding="utf-8")
    command = [program("htpasswd"), "-bBc", "-C", "4", str(folder / "writers"), _USER, _PASSWORD]
    subprocess.run(command, check=True, capture_output=True)
    login = folder / "login"
    login.write_text(f"machine 127.0.0.1 login {_USER} password {_PASSWORD}\n", encoding="utf-8")
    command = [program("nginx"), "-p", str(folder), "-c", "nginx.conf"]
    if os.geteuid() == 0:
        command += ["-g", "user root;"]  # else its workers would be a user who may not write here
    return Server(address, folder, folder / "data", command, login)


def program(name: str) -> str:
    """Where a server is installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    assert found, f"{name} is not installed: apt-get install nginx buildbox apache2-utils"
    return found


def free_port() -> int:
    """One on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
