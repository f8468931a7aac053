"""Builds a target with a Bazel of its own, from an empty output base, in a chosen environment.

Downloads are shared through Bazel's repository cache and pip's, so that nothing is fetched twice; results are
not, neither from a disk cache nor from a remote one.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.lint.workspace import files

_STARTUP = ("--host_jvm_args=-Xmx700m", "--max_idle_secs=60")
OPTIONS = (
    "--disk_cache=",
    "--remote_cache=",
    "--jobs=2",
    "--lockfile_mode=off",
    "--symlink_prefix=/",
    "--color=no",
    "--curses=no",
    "--noshow_progress",
)
_REPOSITORY_CACHE = "cache/repos/v1"


@dataclass(frozen=True)
class Surroundings:
    """What must not matter: where the sources and the outputs are, the umask, and variables.

    `folder` is the one to build in, where that is a workspace within the workspace.
    """

    workspace: Path
    output_base: Path
    umask: int
    variables: Mapping[str, str]
    folder: str = "."


def copy_workspace(source: Path, target: Path, umask: int) -> None:
    """Copies the sources as a checkout under this umask has them."""
    before = os.umask(umask)
    try:
        for file in files(source):
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / file, target / file)
            executable = (source / file).stat().st_mode & 0o100
            (target / file).chmod((0o777 if executable else 0o666) & ~umask)
        for name in (".bazelrc", ".bazelversion", ".bazelignore"):
            shutil.copyfile(source / name, target / name)
    finally:
        os.umask(before)


@contextmanager
def built(target: str, where: Surroundings, *more: str) -> Iterator[Path]:
    """Builds a target that is one file or folder, and more, and gives its path while the server lives."""
    try:
        bazel(where, "build", *OPTIONS, *_shared_downloads(), target, *more)
        line = bazel(where, "cquery", *OPTIONS, *_shared_downloads(), "--output=files", target)
        yield Path(bazel(where, "info", "execution_root").strip()) / line.strip().splitlines()[-1]
    finally:
        bazel(where, "shutdown")


def bazel(where: Surroundings, *arguments: str) -> str:
    """What a command of the nested Bazel prints."""
    done = run(where, *arguments)
    assert done.returncode == 0, (
        f"bazel {arguments[0]} in {where.workspace / where.folder}\n{done.stdout}{done.stderr}"
    )
    return done.stdout


def run(where: Surroundings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the nested Bazel, which may fail."""
    startup = (
        *_STARTUP,
        f"--output_base={where.output_base}",
        f"--output_user_root={where.output_base}.user",
    )
    home = pwd.getpwuid(os.getuid()).pw_dir
    keep = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TEST_", "RUNFILES_", "JAVA_"))
    }
    return subprocess.run(
        [where.workspace / "bazelw", *startup, *arguments],
        cwd=where.workspace / where.folder,
        env={"HOME": home, **keep, **where.variables},
        umask=where.umask,
        capture_output=True,
        text=True,
    )


def _shared_downloads() -> list[str]:
    return shared_downloads(Path(os.environ["TEST_TMPDIR"]))


def shared_downloads(place: Path) -> list[str]:
    """The repository cache of the Bazel in whose output base a place is; without one, Bazel's own default."""
    for folder in place.resolve().parents:
        if (folder / _REPOSITORY_CACHE).is_dir():
            return [f"--repository_cache={folder / _REPOSITORY_CACHE}"]
    return []
