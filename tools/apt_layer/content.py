"""Reads single files back out of a package's layer part."""

import gzip
import tarfile
from collections.abc import Mapping
from typing import BinaryIO, cast

from tools.apt_layer.state import Facts
from tools.common.errors import ToolError


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
