"""Tar headers as pure functions: the same entry gives the same bytes on every machine and Python.

The format is POSIX ustar. What does not fit (a name that cannot be split at 155 and 100 bytes, a long link,
a name outside ASCII, a file of 8 GiB, a large owner id) is carried by a pax extended header before it.
Nothing is taken from the environment: no owner names, no clock, no locale.
"""

import enum
from dataclasses import dataclass

from tools.common.errors import ToolError

BLOCK = 512
END_OF_ARCHIVE = bytes(2 * BLOCK)


class Kind(enum.StrEnum):
    """What an entry is. Devices, FIFOs and sockets have no place in a layer and no name here."""

    FILE = "file"
    DIR = "dir"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"


_TYPEFLAG = {Kind.FILE: b"0", Kind.HARDLINK: b"1", Kind.SYMLINK: b"2", Kind.DIR: b"5"}
_PAX = b"x"
# What the fields of numbers cannot hold.
_LIMITS = {"uid": 8**7, "gid": 8**7, "size": 8**11, "mtime": 8**11}
# name, mode, uid, gid, size, mtime, blanks as which the checksum counts, typeflag, link, magic and version,
# owner and group names (layers have numbers only), major and minor number, prefix
_BLOCK = b"%b%07o\0%07o\0%07o\0%011o\0%011o\0        %b%bustar\x0000%b0000000\x000000000\0%b"


@dataclass(frozen=True)
class Entry:
    """One member of a layer.

    `path` is relative to the image's root, in normal form: `usr/bin/env`, no leading `/` or `./`, no `..`,
    no trailing `/`. `link` is the target text of a symlink as it stands, or the path of an earlier member
    for a hard link. `mode` has the permission bits, setuid, setgid and sticky included.
    """

    path: str
    kind: Kind
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    link: str = ""
    mtime: int = 0


def check(entry: Entry) -> None:
    """Raises ToolError unless the entry can be written and stays inside the root."""
    path, problem = entry.path, None
    if bad := bad_path(path):
        problem = bad
    elif not 0 <= entry.mode <= 0o7777:
        problem = f"mode {entry.mode:#o} is not a permission"
    elif min(entry.uid, entry.gid, entry.size, entry.mtime) < 0:
        problem = "negative owner, size or time"
    elif entry.kind is not Kind.FILE and entry.size:
        problem = f"a {entry.kind} has no content, size is {entry.size}"
    elif (entry.kind in (Kind.SYMLINK, Kind.HARDLINK)) != bool(entry.link):
        problem = f"a {entry.kind} with the link target {entry.link!r}"
    elif entry.kind is Kind.HARDLINK and (bad := bad_path(entry.link)):
        problem = f"hard link to {entry.link!r}, which {bad}"
    elif "\0" in entry.link or not _is_utf8(entry.link):
        problem = f"the link target {entry.link!r} is not UTF-8 text"
    if problem:
        raise ToolError(f"{path!r} cannot be in a layer: {problem}")


def bad_path(path: str) -> str | None:
    """Says why a path is not in normal form below the root; None when it is."""
    whole = f"/{path}/"
    if path.startswith("/"):
        return "is absolute"
    if "/../" in whole:
        return "leaves the root"
    if "//" in whole or "/./" in whole:
        return "is not in normal form"
    if "\0" in path or not _is_utf8(path):
        return "is not UTF-8 text"
    return None


def header(entry: Entry) -> bytes:
    """The header blocks of an entry, a pax extended header included when it is needed."""
    check(entry)
    name = entry.path + ("/" if entry.kind is Kind.DIR else "")
    pax: dict[str, str] = {}
    split = _split(name)
    if split is None:
        pax["path"] = name
        split = (b"", _ascii(name))
    if not _fits(entry.link, 100):
        pax["linkpath"] = entry.link
    fields = {"uid": entry.uid, "gid": entry.gid, "size": entry.size, "mtime": entry.mtime}
    for key, limit in _LIMITS.items():
        if fields[key] >= limit:
            pax[key] = str(fields[key])
            fields[key] = 0
    block = _block(split, _TYPEFLAG[entry.kind], entry.mode, _ascii(entry.link), **fields)
    return (_pax_header(pax) if pax else b"") + block


def padding(size: int) -> bytes:
    """The zeros that follow a file's content up to the next block."""
    return bytes(-size % BLOCK)


def _pax_header(records: dict[str, str]) -> bytes:
    body = b"".join(_pax_record(key, value) for key, value in sorted(records.items()))
    block = _block((b"", b"././@PaxHeader"), _PAX, 0o644, b"", uid=0, gid=0, size=len(body), mtime=0)
    return block + body + padding(len(body))


def _pax_record(key: str, value: str) -> bytes:
    """`LENGTH KEY=VALUE\\n`, where LENGTH counts its own digits."""
    rest = b" " + key.encode() + b"=" + value.encode() + b"\n"
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def _block(
    split: tuple[bytes, bytes],
    typeflag: bytes,
    mode: int,
    link: bytes,
    *,
    uid: int,
    gid: int,
    size: int,
    mtime: int,
) -> bytes:
    prefix, name = split
    block = (
        _BLOCK
        % (
            name.ljust(100, b"\0"),
            mode,
            uid,
            gid,
            size,
            mtime,
            typeflag,
            link.ljust(100, b"\0"),
            bytes(64),
            prefix.ljust(155, b"\0"),
        )
    ).ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _split(name: str) -> tuple[bytes, bytes] | None:
    """The ustar prefix and name of a path, or None when they cannot hold it."""
    if not name.isascii():
        return None
    raw = name.encode()
    if len(raw) <= 100:
        return b"", raw
    # The slash between the two is not stored. The first that leaves at most 100 bytes is the one to try.
    slash = raw.find(b"/", len(raw) - 101)
    if slash == -1 or slash > 155 or slash == len(raw) - 1 or slash == 0:
        return None
    return raw[:slash], raw[slash + 1 :]


def _fits(text: str, length: int) -> bool:
    return text.isascii() and len(text) <= length


def _ascii(text: str) -> bytes:
    """What a reader without pax support sees."""
    return text.encode("ascii", "replace")[:100]


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
