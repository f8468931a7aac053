"""The user's cache of unpacked images: one directory per manifest digest, made beside and renamed.

Two processes that want the same image at once both unpack it; the first to rename wins, and the other
uses that one. A directory that is in the cache is complete, and nothing writes to it. Who uses one holds a
shared lock on the file beside it; whoever adds one removes the longest unused that nobody holds.
"""

import contextlib
import errno
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tools.common.errors import ToolError
from tools.image_run.layout import Image
from tools.image_run.unpack import can_set_owners, remove_tree, unpack

_NAME = "pycuda/roots"
_KEPT = 12
_HALF_MADE = 24 * 3600  # seconds after which what a killed process left is removed


def cache_folder() -> Path:
    """Where roots are kept: $XDG_CACHE_HOME or ~/.cache, as for other programs of the user."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / _NAME


@contextlib.contextmanager
def cached_root(image: Image, cache: Path, kept: int = _KEPT) -> Iterator[Path]:
    """The unpacked root of the image, from the cache or new; it stays there while it is used.

    Args:
        image: the image.
        cache: folder of the cache.
        kept: how many roots the cache may have before unused ones are removed.
    """
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A root whose owners could not be set must not be taken for one that has them.
    flavour = "" if can_set_owners() else "-flat"
    final = cache / (image.digest.replace(":", "-") + flavour)
    with _lock_of(final).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        if not final.is_dir():
            _make(image, final)
            _remove_unused(cache, kept)
        yield final


def _make(image: Image, final: Path) -> None:
    with temporary_folder(final.parent, ".tmp-") as beside:
        root = beside / "root"
        try:
            unpack(image, root)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise ToolError(
                "no space left to unpack an image",
                file=final.parent,
                remedy="make some, or choose another place with the variable XDG_CACHE_HOME",
            ) from None
        with contextlib.suppress(OSError):
            root.rename(final)
        if not final.is_dir():
            root.rename(final)  # not a race: let the reason be seen


def _remove_unused(cache: Path, kept: int) -> None:
    """Removes all but the `kept` roots that were used last, and what killed processes left."""
    for folder in cache.glob(".tmp-*"):
        if folder.stat().st_mtime < time.time() - _HALF_MADE:
            remove_tree(str(folder))
    roots = [folder for folder in cache.glob("sha256-*") if folder.suffix != ".lock"]
    for root in sorted(roots, key=_last_use, reverse=True)[kept:]:
        with _lock_of(root).open("w") as lock, contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with temporary_folder(cache, ".tmp-") as aside:
                root.rename(aside / "root")


def _lock_of(root: Path) -> Path:
    """The lock file; opening it for writing sets its time, which is that of the last use."""
    return root.with_name(root.name + ".lock")


def _last_use(root: Path) -> float:
    lock = _lock_of(root)
    return lock.stat().st_mtime if lock.exists() else 0.0


@contextlib.contextmanager
def temporary_folder(parent: Path | None, prefix: str) -> Iterator[Path]:
    """A new folder that is gone afterwards, whatever modes its content has."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield folder
    finally:
        remove_tree(str(folder))
