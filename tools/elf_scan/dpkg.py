"""Which Debian package a file belongs to, from dpkg's database of installed files.

Runs on Python 3.9 and later, for it is part of the command `find-libdeps` in the images.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator

from tools.elf_scan.root import Root

INFO = "/var/lib/dpkg/info"
STATUS = "/var/lib/dpkg/status"
_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32")


def owners(root: Root, paths: Iterable[str]) -> dict[str, str]:
    """The packages of those paths that have one, by the database of a root."""
    wanted = set(paths)
    return owners_in(_lists(root), wanted) if wanted else {}


def owners_in(lists: Iterable[tuple[str, bytes]], paths: Iterable[str]) -> dict[str, str]:
    """The packages of those paths that have one; names without the architecture (`libc6`, not `libc6:amd64`).

    Packages may list a file at either side of the merge of / and /usr: /lib/x/liba.so is /usr/lib/x/liba.so.

    Args:
        lists: name and content of the files NAME.list in the database's folder.
        paths: what may belong to a package.
    """
    wanted = {os.fsencode(alias): path for path in paths for alias in _aliases(path)}
    found: dict[str, str] = {}
    for name, content in lists:
        for line in wanted.keys() & set(content.split(b"\n")):
            found.setdefault(wanted[line], name[: -len(".list")].split(":")[0])
    return found


def versions(root: Root, packages: Iterable[str]) -> dict[str, str]:
    """The versions of those packages that a root has; none where it does not say."""
    try:
        with open(root.host(root.real(STATUS) or STATUS), "rb") as stream:
            known = versions_in(stream.read())
    except OSError:
        return {}
    return {name: known[name] for name in packages if name in known}


def versions_in(status: bytes) -> dict[str, str]:
    """The versions of the installed packages, by dpkg's file of their states."""
    found = {}
    for stanza in status.decode("utf-8", "replace").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "install ok installed").endswith(" installed") and "Version" in fields:
            found[fields.get("Package", "")] = fields["Version"]
    return found


def _lists(root: Root) -> Iterator[tuple[str, bytes]]:
    for name in root.names(INFO):
        if name.endswith(".list"):
            with open(root.host(posixpath.join(INFO, name)), "rb") as stream:
                yield name, stream.read()


def _aliases(path: str) -> list[str]:
    parts = path.split("/")
    if len(parts) > 3 and parts[1] == "usr" and parts[2] in _MERGED:
        return [path, "/" + "/".join(parts[2:])]
    if len(parts) > 2 and parts[1] in _MERGED:
        return [path, "/usr" + path]
    return [path]
