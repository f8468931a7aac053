"""A root directory as data: what there is at each path, times left out."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Node:
    """What is at a path: `content` is a link's target or a file's size and hash, `links` its other names."""

    type: str
    mode: str
    owner: str
    content: str
    links: tuple[str, ...] = ()
    xattrs: tuple[str, ...] = ()


FIELDS = ("type", "mode", "owner", "content", "links", "xattrs")


def snapshot(root: Path) -> dict[str, Node]:
    """Every path below a root, with a slash in front; mount points show what is mounted there."""
    found: dict[str, Node] = {}
    names: dict[tuple[int, int], list[str]] = defaultdict(list)
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            shown = f"/{os.path.relpath(path, root)}"
            found[shown] = _node(path, info)
            if info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode):
                names[info.st_dev, info.st_ino].append(shown)
    for group in names.values():
        for shown in group:
            found[shown] = replace(found[shown], links=tuple(sorted({*group} - {shown})))
    return found


def content(data: bytes) -> str:
    """How a file's content is shown."""
    return f"{len(data)} bytes, {hashlib.sha256(data).hexdigest()}"


def _node(path: str, info: os.stat_result) -> Node:
    text = ""
    if stat.S_ISLNK(info.st_mode):
        text = os.readlink(path)
    elif stat.S_ISREG(info.st_mode):
        text = content(Path(path).read_bytes())
    elif stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
        text = f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}"
    return Node(
        type=stat.filemode(info.st_mode)[0],
        mode=f"{stat.S_IMODE(info.st_mode):04o}",
        owner=f"{info.st_uid}:{info.st_gid}",
        content=text,
        xattrs=tuple(
            f"{name}={os.getxattr(path, name, follow_symlinks=False).hex()}"
            for name in sorted(os.listxattr(path, follow_symlinks=False))
        ),
    )
