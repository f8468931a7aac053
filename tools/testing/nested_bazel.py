"""A workspace made of links to this one but for one folder, with a Bazel server of its own.

Tests that use it must run outside of the sandbox: they look at the workspace itself.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from tools.lint import workspace

_KEPT = ("HOME", "LANG", "PATH", "USER")
_REPOSITORY_CACHE = "cache/repos/v1"


class NestedBazel:
    """The workspace in FOLDER/workspace; its folder `own` has nothing but this one's BUILD file."""

    def __init__(self, folder: Path, own: str, options: Sequence[str] = ()) -> None:
        self._folder = folder
        self._options = options
        self.root = folder / "workspace"
        self.own = self.root / own
        _link(workspace.root(), self.root, PurePosixPath(own))
        # Links may lead to a checkout under /tmp, in whose place a sandbox shows an empty folder by default.
        (self.root / "user.bazelrc").write_text("build --sandbox_add_mount_pair=/tmp\n", encoding="utf-8")

    def bazel(
        self, *arguments: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs Bazel without what the caller has cached or set."""
        options = ["--color=no", "--curses=no", "--noshow_progress"]
        options += ["--disk_cache=", f"--repository_cache={self._folder}/cache", *self._options]
        return subprocess.run(
            [
                *("bazel", f"--output_user_root={self._folder}/out", "--host_jvm_args=-Xmx500m"),
                arguments[0],
                *([] if arguments[0] == "shutdown" else options),
                *arguments[1:],
            ],
            cwd=self.root,
            env={name: os.environ[name] for name in _KEPT if name in os.environ} | dict(env or {}),
            capture_output=True,
            text=True,
        )


def caches() -> list[str]:
    """Options for the caches of the Bazel that runs this test: no .deb is fetched and unpacked once more."""
    (disk,) = re.findall(
        r"^common --disk_cache=(.*)$", Path(workspace.root(), ".bazelrc").read_text(), re.MULTILINE
    )
    found = [f"--disk_cache={Path(disk).expanduser()}"]
    for folder in Path(os.environ["TEST_TMPDIR"]).resolve().parents:
        if (folder / _REPOSITORY_CACHE).is_dir():
            found.append(f"--repository_cache={folder / _REPOSITORY_CACHE}")
            break
    return found


def _link(source: Path, target: Path, own: PurePosixPath) -> None:
    """Links what is in a folder, and makes real folders on the way to `own`."""
    target.mkdir()
    first, rest = own.parts[0], own.parts[1:]
    for each in sorted(source.iterdir()):
        if each.name.startswith(("bazel-", ".git")) or each.name == "user.bazelrc":
            continue
        if each.name != first:
            (target / each.name).symlink_to(each)
        elif rest:
            _link(each, target / first, PurePosixPath(*rest))
        else:
            (target / first).mkdir()
            (target / first / "BUILD.bazel").symlink_to(each / "BUILD.bazel")
