"""The user's cache of unpacked images: one directory per manifest digest, made beside and renamed.

Two processes that want the same image at once both unpack it; the first to rename wins, and the other
uses that one. A directory that is in the cache is complete, and nothing writes to it.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.image_run.layout import Image
from tools.image_run.unpack import can_set_owners, remove_tree, unpack

_NAME = "pycuda/roots"


def cache_folder() -> Path:
    """Where roots are kept: $XDG_CACHE_HOME or ~/.cache, as for other programs of the user."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / _NAME


def cached_root(image: Image, cache: Path) -> Path:
    """The unpacked root of the image, from the cache or new."""
    # A root whose owners could not be set must not be taken for one that has them.
    flavour = "" if can_set_owners() else "-flat"
    final = cache / (image.digest.replace(":", "-") + flavour)
    if final.is_dir():
        return final
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with temporary_folder(cache, f".{final.name[:19]}-") as beside:
        root = beside / "root"
        unpack(image, root)
        with contextlib.suppress(OSError):
            root.rename(final)
        if not final.is_dir():
            root.rename(final)  # not a race: let the reason be seen
    return final


@contextlib.contextmanager
def temporary_folder(parent: Path | None, prefix: str) -> Iterator[Path]:
    """A new folder that is gone afterwards, whatever modes its content has."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        yield folder
    finally:
        remove_tree(str(folder))
