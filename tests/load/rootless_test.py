"""Podman of a user who is not root: it pulls the same way, and keeps what it has in the user's own folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.load.loading import BASE, RUNTIME, Loaded, new_layers
from tools.image_run.unpack import can_set_owners, remove_tree
from tools.load.image import load_from

pytestmark = pytest.mark.skipif(not can_set_owners(), reason="who is not root has this in podman_test")

_USER = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"]
_ENGINE = """\
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime = "runc"
"""
# This user has no range of further users here, so all files become its own.
_STORAGE = """\
[storage]
driver = "vfs"
graphroot = "{folder}/graph"
runroot = "{folder}/run"
[storage.options.vfs]
ignore_chown_errors = "true"
"""


@dataclass(frozen=True)
class User:
    """A user with a folder that has all that it may read: images, and load itself."""

    folder: Path

    def run(self, *command: str) -> Loaded:
        """Starts a program as this user."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
            "PYTHONPATH": str(self.folder / "code"),
            "XDG_RUNTIME_DIR": str(self.folder / "podman"),
        }
        done = subprocess.run(
            [*_USER, *command], cwd=self.folder, env=environ, capture_output=True, text=True
        )
        return Loaded(done.returncode, done.stdout, done.stderr)


@pytest.fixture(name="user")
def _user() -> Iterator[User]:
    # Bazel's folders may be out of sight for others.
    folder = Path(tempfile.mkdtemp(prefix="rootless."))
    try:
        for name, source in {"base": BASE, "runtime": RUNTIME, "code/tools": Path("tools")}.items():
            shutil.copytree(source, folder / name)
        (folder / "podman").mkdir()
        (folder / "containers.conf").write_text(_ENGINE)
        (folder / "storage.conf").write_text(_STORAGE.format(folder=folder / "podman"))
        subprocess.run(["chmod", "-R", "a+rX", str(folder)], check=True)
        subprocess.run(["chown", "-R", "1000:1000", str(folder)], check=True)
        yield User(folder)
    finally:
        remove_tree(str(folder))


def test_it_loads_without_root_and_only_what_is_missing(user: User) -> None:
    assert user.run("podman", "info", "--format", "{{.Host.Security.Rootless}}").said == "true\n"
    load = [sys.executable, "-m", "tools.load", "--runtime=podman"]
    done = user.run(*load, "--layout=base", "--tag=base")
    assert done.code == 0, done.warned
    done = user.run(*load, "--layout=runtime", "--tag=team/runtime:1")
    assert done.code == 0, done.warned
    assert done.layers == (new_layers(), len(load_from(RUNTIME).layers))
    shown = user.run("podman", "images", "--format", "{{.Repository}}:{{.Tag}}").said.split()
    assert set(shown) == {"localhost/base:latest", "localhost/team/runtime:1"}
