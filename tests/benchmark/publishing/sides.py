"""The two ways from wheels and an application to an image in a registry.

Each has a state that changes: nothing built yet, then what was built last. Preparing is done off the clock.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from tests.benchmark.publishing.sources import PYTHON, application, dockerfile, lock, workspace
from tests.reproducible.nested import OPTIONS, Surroundings, bazel, shared_downloads
from tests.seed.podman import Podman as Engine
from tools.common.errors import ToolError
from tools.image_run.layout import host

TAG = "v1"
BASES = (f"buildtime:{PYTHON}", f"runtime:{PYTHON}")
PODMAN, BAZEL = "podman", "bazel"


class Side(Protocol):
    """One way to build and push an image."""

    repository: str
    sources: Path

    def fresh(self, registry: str, *, base: bool) -> None:
        """Forgets all that was built; with `base`, has the base at hand."""

    def start(self) -> None:
        """Starts what serves builds, if there is anything and it does not run."""

    def stop(self) -> None:
        """Ends what serves builds."""

    def servers(self) -> list[int]:
        """The process numbers of what serves builds."""

    def build(self) -> None:
        """Builds the image."""

    def push(self) -> None:
        """Pushes the image."""

    def close(self) -> None:
        """Ends it, and removes what it has."""


class Podman:
    """`podman build` of a Dockerfile, with podman's cache of layers, and `podman push`."""

    repository = "podman/train"

    def __init__(self, folder: Path, wheels: Path, *, byte_code: bool) -> None:
        if shutil.which("podman") is None:
            raise ToolError("podman is not on PATH", remedy="BAZELW_TOOLBOX=1 ./bazelw has one.")
        self._folder, self._wheels, self._byte_code = folder, wheels, byte_code
        self.sources = folder / "context"
        self.sources.mkdir(parents=True)
        self._engine: Engine | None = None
        self._registry = ""

    def fresh(self, registry: str, *, base: bool) -> None:
        """Takes an empty storage."""
        self.close()
        self._engine, self._registry = Engine(self._folder / "podman", remembers=True), registry
        dockerfile(self.sources, registry, byte_code=self._byte_code)
        for image in BASES if base else ():
            self.run("pull", "--quiet", "--tls-verify=false", f"{registry}/{image}")

    def start(self) -> None:
        """Has no server."""

    def stop(self) -> None:
        """Has no server."""

    def servers(self) -> list[int]:
        """Has none."""
        return []

    def build(self) -> None:
        """Podman takes from its cache what did not change."""
        self.run(
            *(
                "build",
                "--quiet",
                "--network=none",
                "--tls-verify=false",
                f"--volume={self._wheels}:/wheels:ro",
            ),
            *(f"--tag={self._image}", str(self.sources)),
        )

    def push(self) -> None:
        """Compresses layers that the registry lacks, and sends them."""
        self.run("push", "--quiet", "--tls-verify=false", self._image)

    def says(self, image: str) -> str:
        """What an image's program prints, in a container without rights or a network.

        Args:
            image: its name, without the registry.
        """
        name = f"{self._registry}/{image}"
        self.run("pull", "--quiet", "--tls-verify=false", name)
        return self.run("run", "--rm", "--network=none", "--read-only", name)

    def run(self, *arguments: str) -> str:
        """The output of a podman that succeeds."""
        assert self._engine is not None, "fresh() comes first"
        engine = self._engine
        return _checked(lambda: engine.ok(*arguments))

    def close(self) -> None:
        """Removes the storage."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    @property
    def _image(self) -> str:
        return f"{self._registry}/{self.repository}:{TAG}"


class Bazel:
    """`cuda_image` in a workspace that uses this one as a module, and its `_push`.

    It has an output base and a disk cache of its own. What it gets from outside is fetched off the clock.
    """

    repository = "bazel/train"

    def __init__(
        self, folder: Path, pycuda: Path, locks: tuple[str, str], jobs: int, *, byte_code: bool
    ) -> None:
        self._folder, self._pycuda, self._locks = folder, pycuda, locks
        self.sources = folder / "workspace"
        self.sources.mkdir(parents=True)
        workspace(self.sources, pycuda, self.architecture, byte_code=byte_code)
        self._where = Surroundings(pycuda, folder / "out", 0o022, {}, str(self.sources))
        self._options = [
            *(option for option in OPTIONS if not option.startswith(("--disk_cache", "--jobs"))),
            *shared_downloads(Path(__file__)),
            f"--jobs={jobs}",
            f"--disk_cache={folder / 'disk'}",
        ]
        self._registry = ""

    def fresh(self, registry: str, *, base: bool) -> None:
        """Empties the output base but for what was fetched, and the disk cache; leaves no server."""
        self._registry = registry
        application(self.sources, 0)
        for text in reversed(self._locks):  # the first is what is built first
            lock(self.sources, text)
            self._bazel("build", "--nobuild", "//:train_push", self._base)
        self._bazel("clean")
        shutil.rmtree(self._folder / "disk", ignore_errors=True)
        if base:
            self._bazel("build", self._base)
        self.stop()

    def start(self) -> None:
        """Starts Bazel's server."""
        self._bazel("info", "server_pid")

    def stop(self) -> None:
        """Ends Bazel's server."""
        self._bazel("shutdown")

    def servers(self) -> list[int]:
        """Bazel's server, if it runs."""
        file = self._folder / "out/server/server.pid.txt"
        return [int(file.read_text(encoding="ascii"))] if file.exists() else []

    def build(self) -> None:
        """What `bazel run` does before it starts the program."""
        self._bazel("run", f"--script_path={self._folder / 'push'}", "//:train_push")

    def push(self) -> None:
        """What `bazel run` starts."""
        local = dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost,127.0.0.1")
        # Podman finds the base there by itself: it has pulled it.
        repository, mounted = f"{self._registry}/{self.repository}", f"{self._registry}/runtime"
        done = subprocess.run(
            [self._folder / "push", "--repository", repository, "--tag", TAG, "--mount-from", mounted],
            env=os.environ | local,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise ToolError(f"//:train_push exits {done.returncode}", remedy=done.stdout + done.stderr)

    def close(self) -> None:
        """Ends the server."""
        if (self._folder / "out").exists():
            self.stop()

    @property
    def architecture(self) -> str:
        """Of the image: this machine's, as podman's."""
        return host().rpartition("/")[2]

    @property
    def _base(self) -> str:
        return f"@pycuda//images:runtime_py{PYTHON.replace('.', '')}_{self.architecture}"

    def _bazel(self, command: str, *arguments: str) -> str:
        options = [] if command in ("info", "shutdown", "clean") else self._options
        # The server must outlive the other's turns.
        return _checked(lambda: bazel(self._where, "--max_idle_secs=3600", command, *options, *arguments))


def _checked(call: Callable[[], str]) -> str:
    try:
        return call()
    except AssertionError as error:
        raise ToolError(str(error)) from error
