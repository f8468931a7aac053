"""Paths inside an image's root, followed as a process in the image would follow them.

An absolute symlink starts again at the root, and `..` stops there: whatever the links say, no result
lies outside. Nothing here guards against a second process that changes the root meanwhile.
"""

import os
import stat

from tools.common.errors import ToolError

_MAX_LINKS = 40


def resolve(root: str, path: str, *, create: bool = False, follow_last: bool = True) -> str | None:
    """The real path of `path` in `root`, or None when it does not exist.

    Args:
        root: real path of the image's root directory.
        path: path in the image, with or without the leading `/`.
        create: make missing directories, and never return None.
        follow_last: whether a symlink as the last component is followed too.
    """
    todo = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part == "..":
            if done:
                done.pop()
            continue
        here = "/".join((root, *done, part))
        try:
            mode = os.lstat(here).st_mode
        except FileNotFoundError:
            if not create:
                return None
            os.mkdir(here)
            os.chmod(here, 0o755)  # whatever the umask
            mode = stat.S_IFDIR
        if stat.S_ISLNK(mode) and (todo or follow_last):
            links += 1
            if links > _MAX_LINKS:
                raise ToolError(f"too many symlinks on the way to {path}")
            target = os.readlink(here)
            if target.startswith("/"):
                done = []
            todo += [step for step in reversed(target.split("/")) if step not in ("", ".")]
            continue
        if (todo or create) and not stat.S_ISDIR(mode):
            raise ToolError(f"/{'/'.join((*done, part))} is not a directory")
        done.append(part)
    return "/".join((root, *done))


def read_text(root: str, path: str) -> str:
    """The text of a file in the root; empty when there is no such file."""
    real = resolve(root, path)
    if real is None or not os.path.isfile(real):
        return ""
    with open(real, encoding="utf-8", errors="replace") as source:
        return source.read()
