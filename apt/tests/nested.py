"""A workspace like this one with another lock and a mirror of its own, to fetch and build in."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tools.testing.nested_bazel import NestedBazel


class Nested(NestedBazel):
    """The workspace, its lock, and a Bazel server of its own."""

    def __init__(self, folder: Path) -> None:
        """Links everything but the lock to this workspace."""
        super().__init__(folder, "apt/locks", options=["--http_connector_attempts=1"])
        for lock in (self.own / "BUILD.bazel").resolve().parent.glob("*.json"):
            if lock.name != "bookworm.json":
                (self.own / lock.name).symlink_to(lock)

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
        (self.own / "bookworm.json").write_text(json.dumps(content))


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
