"""What the layers of these tests hold: all that a tar header may find hard."""

from __future__ import annotations

import hashlib
import random
import tarfile

from tools.layer.tar import Entry, Kind

# In the gzip formats the content of these is a deflate stream that was made elsewhere.
SPLICED = ("spliced", "deep/" + "d" * 120 + "/spliced")

_CONTENTS = {
    "empty": b"",
    "first": b"1",
    "spliced": random.Random(1).randbytes(3 << 20),
    "text": b"many words, " * 9000,
    "block": b"x" * 512,
    "Főtanúsítvány 证书.crt": b"not ASCII",
    "n" * 120: b"name of more than 100 bytes",
    "deep/" + "d" * 120 + "/spliced": random.Random(2).randbytes(70_000),
    "/".join(["deep", "d" * 120, "e" * 120, "f" * 120, "n" * 250]): b"path of more than 255 bytes",
}


def entries(top: str) -> list[tuple[Entry, bytes]]:
    """The entries below the folder `top`, in order and each folder before what is in it."""
    found: dict[str, tuple[Entry, bytes]] = {top: (Entry(top, Kind.DIR, 0o755), b"")}
    for name, data in sorted(_CONTENTS.items()):
        path = f"{top}/{name}"
        parts = path.split("/")
        for depth in range(2, len(parts)):
            folder = "/".join(parts[:depth])
            found.setdefault(folder, (Entry(folder, Kind.DIR, 0o1777, uid=7, gid=8, mtime=99), b""))
        found[path] = (Entry(path, Kind.FILE, 0o4755, uid=1000, gid=60_000, size=len(data)), data)
    last = Entry(f"{top}/hard", Kind.HARDLINK, 0o4755, uid=1000, gid=60_000, link=f"{top}/{'n' * 120}")
    soft = Entry(f"{top}/soft", Kind.SYMLINK, 0o777, link="/".join(["text"] * 60) + "/é")
    return [*found.values(), (last, b""), (soft, b"")]


Fact = tuple[str, str, int, int, int, str, int, str]


def expected(top: str) -> list[Fact]:
    """What a reader must find: path, kind, mode, owner and group, link, time, and hash of the content."""
    return [
        (
            entry.path,
            str(entry.kind),
            entry.mode,
            entry.uid,
            entry.gid,
            entry.link,
            entry.mtime,
            hashlib.sha256(data).hexdigest() if entry.kind is Kind.FILE else "",
        )
        for entry, data in entries(top)
    ]


def found(archive: tarfile.TarFile) -> list[Fact]:
    """The same of an archive."""
    kinds = {tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "symlink", tarfile.LNKTYPE: "hardlink"}
    facts = []
    for member in archive:
        content = archive.extractfile(member) if member.isreg() else None
        facts.append(
            (
                member.name,
                kinds.get(member.type, "file"),
                member.mode,
                member.uid,
                member.gid,
                member.linkname,
                int(member.mtime),
                hashlib.sha256(content.read()).hexdigest() if content else "",
            )
        )
    return facts
