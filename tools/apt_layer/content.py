"""Reads single files back out of a package's layer part, or copies it with changes."""

import gzip
import tarfile
from collections.abc import Mapping
from typing import BinaryIO, cast

from tools.apt_layer.state import Facts
from tools.common.errors import ToolError
from tools.layer.part import PartWriter
from tools.layer.tar import Entry, Kind

_KINDS = {tarfile.REGTYPE: Kind.FILE, tarfile.SYMTYPE: Kind.SYMLINK, tarfile.LNKTYPE: Kind.HARDLINK}


def write_part(facts: Facts, out: BinaryIO) -> None:
    """Copies the part, with the files of the package where and as `moves` and `attributes` have them."""
    with (
        gzip.open(facts.part) as plain,
        tarfile.open(fileobj=plain, mode="r|") as archive,
        PartWriter(out) as writer,
    ):
        for member in archive:
            kind = _KINDS[member.type]
            link = facts.moves.get(member.linkname, member.linkname)
            mode, uid, gid = facts.attributes.get(member.name, (member.mode, member.uid, member.gid))
            entry = Entry(
                path=facts.moves.get(member.name, member.name),
                kind=kind,
                mode=0o777 if kind is Kind.SYMLINK else mode,
                uid=uid,
                gid=gid,
                size=member.size if kind is Kind.FILE else 0,
                link=link if kind is Kind.HARDLINK else member.linkname,
            )
            writer.add(entry, cast(BinaryIO, archive.extractfile(member)) if entry.size else None)


def read_below(facts: Facts, prefix: str) -> Mapping[str, bytes]:
    """The plain files at or below a path of the image, by path."""
    found = {}
    with gzip.open(facts.part) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
        for member in archive:
            if member.isreg() and (member.name == prefix or member.name.startswith(prefix + "/")):
                found[member.name] = cast(BinaryIO, archive.extractfile(member)).read()
    return found


def read_file(facts: Facts, path: str) -> bytes:
    """The content of one file, which the policy says is there."""
    found = read_below(facts, path)
    if path not in found:
        raise ToolError(
            f"{facts.package} {facts.version} has no /{path}, which //apt/policy:scripts.json takes from it",
            remedy="The package has changed: look at its maintainer scripts and bring the policy up to date.",
        )
    return found[path]
