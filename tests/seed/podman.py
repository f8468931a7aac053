"""A real container engine that keeps everything in one folder, and away from the machine's own containers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tools.image_run.unpack import remove_tree

# runc and these limits: inside of other containers, what is podman's default is often forbidden. The default
# for locks is memory that all podmans of the machine share.
_ENGINE = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
network_config_dir = "{folder}/networks"
runtime = "runc"
tmp_dir = "{folder}/engine"
"""
# No driver is named: podman takes overlay where the file system can do it. Without skip_mount_home the
# storage is a mount, which outlives a killed test.
_STORAGE = """\
[storage]
driver = ""
graphroot = "{folder}/graph"
runroot = "{folder}/run"
[storage.options.overlay]
skip_mount_home = "true"
"""
# No option moves /var/lib/containers/cache; its parents need not exist.
_OWN_STATE = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /var/lib && exec "$@"')


class Podman:
    """Podman with its storage in `folder`, which must not exist and is removed in the end.

    With `remembers` it keeps what it learns of registries' blobs, as it does where it may write to /var/lib:
    otherwise each push sends all layers again.
    """

    def __init__(self, folder: Path, *, remembers: bool = False) -> None:
        folder.mkdir()
        self._folder = folder
        self._command = ["podman"]
        if remembers:
            (folder / "lib").mkdir()
            self._command = [*_OWN_STATE, str(folder / "lib"), "podman"]
        # For programs that call podman themselves.
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
        }
        proxies = ("http_proxy", "https_proxy", "no_proxy")
        self.environment |= {key: value for key, value in os.environ.items() if key.lower() in proxies}
        (folder / "containers.conf").write_text(_ENGINE.format(folder=folder))
        (folder / "storage.conf").write_text(_STORAGE.format(folder=folder))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Starts podman and waits for its end."""
        return subprocess.run(
            [*self._command, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def ok(self, *arguments: str) -> str:
        """The output of a podman that succeeds."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"podman {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def pull(self, layout: Path, name: str) -> None:
        """Takes an image from the folder that an oci_image target builds."""
        digest = self.ok("pull", "--quiet", f"oci:{layout.resolve()}").strip()
        self.ok("tag", digest, name)

    def close(self) -> None:
        """Ends containers that still run, and removes the folder with all images."""
        self.run("rm", "--all", "--force", "--time", "0")
        remove_tree(str(self._folder))
