"""A workspace like this one with another lock and a mirror of its own, to fetch and build in."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tools.lint import workspace


class Nested:
    """The workspace, its lock, and a Bazel server of its own."""

    def __init__(self, folder: Path) -> None:
        """Links everything but the lock to this workspace."""
        self._folder = folder
        self.root = folder / "workspace"
        source = workspace.root()
        _link(source, self.root, but={"apt"})
        _link(source / "apt", self.root / "apt", but={"locks"})
        (self.root / "apt/locks").mkdir()
        shutil.copyfile(source / "apt/locks/BUILD.bazel", self.root / "apt/locks/BUILD.bazel")

    def lock(self, packages: Mapping[str, Mapping[str, Any]]) -> None:
        """Writes a lock with these packages, and one set that has them all."""
        archs = {arch: dict(packages) if arch == "amd64" else {} for arch in ("amd64", "arm64")}
        names = {arch: sorted(content) for arch, content in archs.items()}
        release = {"archive": "debian", "date": "", "version": ""}
        content = {
            "version": 1,
            "suite": "bookworm",
            "components": ["main"],
            "merged_usr": True,
            "releases": {"bookworm": release},
            "packages": archs,
            "sets": {"base": {"on": None, "auto": {arch: [] for arch in archs}, "packages": names}},
        }
        (self.root / "apt/locks/bookworm.json").write_text(json.dumps(content))

    def bazel(
        self, *arguments: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs Bazel without what the caller has cached or set."""
        command = ["bazel", f"--output_user_root={self._folder}/out", "--host_jvm_args=-Xmx500m", *arguments]
        if arguments[0] != "shutdown":
            command += [
                "--disk_cache=",
                f"--repository_cache={self._folder}/cache",
                "--http_connector_attempts=1",
            ]
            command += ["--color=no", "--curses=no", "--noshow_progress"]
        kept = {key: value for key, value in os.environ.items() if key in ("HOME", "PATH", "LANG", "USER")}
        return subprocess.run(
            command, cwd=self.root, env=kept | dict(env or {}), capture_output=True, text=True, check=False
        )


def _link(source: Path, target: Path, *, but: set[str]) -> None:
    target.mkdir()
    for each in sorted(source.iterdir()):
        if (
            each.name not in but
            and not each.name.startswith(("bazel-", ".git"))
            and each.name != "user.bazelrc"
        ):
            (target / each.name).symlink_to(each)


def locked(deb: Path, mirror: Path, *, name: str, version: str, arch: str) -> dict[str, Any]:
    """Puts a .deb into a mirror and returns its entry in a lock."""
    path = f"pool/main/{name[0]}/{name}/{deb.name}"
    (mirror / path).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(deb, mirror / path)
    return {
        "version": version,
        "architecture": arch,
        "archive": "debian",
        "path": path,
        "size": deb.stat().st_size,
        "sha256": hashlib.sha256(deb.read_bytes()).hexdigest(),
    }


class _Quiet(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/broken/"):
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder on loopback; a mirror below /broken/ always fails."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def only_with(programs: Sequence[str], folder: Path) -> str:
    """A PATH on which there is nothing but these programs, as far as the machine has them."""
    folder.mkdir()
    for program in programs:
        if found := shutil.which(program):
            (folder / program).symlink_to(found)
    return str(folder)
