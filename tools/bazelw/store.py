"""Where toolboxes live: `$XDG_CACHE_HOME/pycuda/toolbox/KEY`, made beside and renamed into place.

KEY/root/        the Debian root
KEY/info.json    what was got: suite, packages, when
KEY/build.log    the full output of the tools that made it
KEY/certs/       certificate authorities of root and host together (certs.py)
KEY.tmp.PID/     one that is being made
KEY.lock         held while it is made
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
from collections.abc import Iterator, Mapping

from tools.bazelw.errors import LauncherError


def cache_home(env: Mapping[str, str]) -> str:
    """Returns the user's cache folder."""
    path = env.get("XDG_CACHE_HOME", "")
    if os.path.isabs(path):  # a relative one is to be ignored, says the XDG specification
        return path
    home = env.get("HOME") or os.path.expanduser("~")
    if not os.path.isabs(home):
        raise LauncherError(
            "no home folder", remedy="set HOME or XDG_CACHE_HOME to a folder that you can write to"
        )
    return os.path.join(home, ".cache")


class Store:
    """The folder of one user's toolboxes."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.folder = os.path.join(cache_home(env), "pycuda", "toolbox")

    def path(self, key: str) -> str:
        """Returns where the toolbox with this key is, or will be."""
        return os.path.join(self.folder, key)

    def has(self, key: str) -> bool:
        """Says whether this toolbox is complete: the rename made it appear as a whole."""
        return os.path.isdir(os.path.join(self.folder, key))

    def complete(self) -> list[str]:
        """Returns the keys of all complete toolboxes."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        return sorted(name for name in names if "." not in name and self.has(name))

    def prepare(self) -> None:
        """Makes the folder."""
        try:
            os.makedirs(self.folder, exist_ok=True)
        except OSError as error:
            raise LauncherError(
                f"can't make the toolbox folder: {error.strerror}",
                file=error.filename or self.folder,
                remedy="set XDG_CACHE_HOME to a folder that you can write to",
            ) from None

    @contextlib.contextmanager
    def lock(self, key: str, waiting: str) -> Iterator[None]:
        """Holds the lock of this key; says `waiting` on stderr when another call has it."""
        descriptor = os.open(
            os.path.join(self.folder, f"{key}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.write(2, f"bazelw: {waiting}\n".encode())
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def scratch(self, key: str) -> str:
        """Makes the folder in which this process builds; call it with the lock held.

        What an earlier process left, killed without a chance to clean up, is removed: nobody else can be
        building under the same lock.
        """
        for name in os.listdir(self.folder):
            if name.startswith((f"{key}.tmp.", f"{key}.old.")):
                remove(os.path.join(self.folder, name))
        path = os.path.join(self.folder, f"{key}.tmp.{os.getpid()}")
        os.mkdir(path)
        return path

    def publish(self, scratch: str, key: str) -> None:
        """Puts a finished toolbox in place, and what was there before away."""
        final = self.path(key)
        old = f"{final}.old.{os.getpid()}"
        if os.path.isdir(final):
            os.rename(final, old)
        os.rename(scratch, final)
        if os.path.isdir(old):
            remove(old)


def remove(path: str) -> None:
    """Removes a tree, and never follows it into another file system: a /proc may still be mounted below."""
    command = ["rm", "-rf", "--one-file-system", "--", path]
    if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode != 0:
        subprocess.run(["chmod", "-R", "u+rwX", path], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(command, check=False)
