"""An image's root, as far as dpkg, apt and the files that packages share are concerned."""

from __future__ import annotations

from typing import BinaryIO

from tools.apt_layer.shared import DPKG, EXTENDED
from tools.layer.stack import File, Stack

_FILES = frozenset(
    (
        "/etc/group",
        "/etc/gshadow",
        "/etc/passwd",
        "/etc/shadow",
        "/etc/shells",
        f"/{DPKG}/diversions",
        f"/{DPKG}/info/format",
        f"/{DPKG}/statoverride",
        f"/{DPKG}/status",
        f"/{EXTENDED}",
        "/var/lib/shells.state",
    )
)
_BELOW = (f"/{DPKG}/alternatives/", f"/{DPKG}/triggers/")
_LISTS = f"/{DPKG}/info/"


class Root(Stack):
    """The layers of an image; of dpkg's database and of users and groups the content is kept."""

    def read(self, path: str, size: int, stream: BinaryIO) -> File:
        """Keeps a file's content if it is one of those."""
        wanted = (
            path in _FILES or path.startswith(_BELOW) or (path.startswith(_LISTS) and path.endswith(".list"))
        )
        return File(stream.read()) if wanted else File()
