"""Turns the user of an image (`app`, `1000`, `app:staff`, `1000:50`) into numbers and a home directory."""

from dataclasses import dataclass

from tools.common.errors import ToolError
from tools.image_run.scoped import read_text

_HIGHEST = 2**31 - 1  # what bubblewrap takes


@dataclass(frozen=True)
class Account:
    """Who a program in the image runs as."""

    uid: int = 0
    gid: int = 0
    home: str = "/"


def find_account(root: str, user: str) -> Account:
    """Looks `user` up in the image's own /etc/passwd and /etc/group; empty means root.

    As with other runtimes a number needs no entry, then its group is 0 and its home `/`.
    """
    name, _, group = (user or "0").partition(":")
    row = _row(root, "etc/passwd", name, 7)
    if row is None and not name.isdecimal():
        raise ToolError(
            f"the image has no user {name!r} in its /etc/passwd", remedy="give a number, such as 1000"
        )
    uid, gid, home = (row[2], row[3], row[5]) if row else (name, "0", "/")
    if group:
        entry = _row(root, "etc/group", group, 4)
        if entry is None and not group.isdecimal():
            raise ToolError(f"the image has no group {group!r} in its /etc/group", remedy="give a number")
        gid = entry[2] if entry else group
    return Account(_number(uid, "user", user), _number(gid, "group", user), home or "/")


def _number(text: str, what: str, user: str) -> int:
    """The number; a higher one than there are would wrap around, at worst to root's 0."""
    if not text.isdecimal() or len(text.lstrip("0")) > len(str(_HIGHEST)) or int(text) > _HIGHEST:
        raise ToolError(
            f"the user {user!r} has the {what} number {text}, and only 0 to {_HIGHEST} can be used",
            remedy="choose another one with --user",
        )
    return int(text)


def _row(root: str, file: str, key: str, width: int) -> list[str] | None:
    """The first row with this name, or with this number."""
    rows = [line.split(":") for line in read_text(root, file).splitlines()]
    rows = [row for row in rows if len(row) == width and row[2].isdecimal()]
    for column in (0, 2):
        for row in rows:
            if row[column] == key:
                return row
    return None
