"""The stack of layers as ldconfig sees it: what it wants to know of each file."""

from __future__ import annotations

import posixpath
import re
import shutil
import tempfile
from dataclasses import dataclass
from typing import BinaryIO, cast

from tools.elf_scan import elf
from tools.layer import stack
from tools.layer.stack import Folder, Link, Node, Stack
from tools.ld_cache.abi_note import oldest_kernel

__all__ = ["File", "Folder", "Link", "Node", "Tree"]

_MAX_CONF = 1 << 16
_SPOOL = 32 << 20
_GENERATOR = re.compile(rb"ldconfig [^\0]{1,200} release version [0-9.]+")


@dataclass(eq=False)
class File(stack.File):
    """A regular file; of a small configuration file it has the content."""

    elf: elf.Elf | None = None
    generator: bytes | None = None
    oldest_kernel: int = 0


class Tree(Stack):
    """The stacked layers."""

    def read(self, path: str, size: int, stream: BinaryIO) -> File:
        """Reads of a file what ldconfig would read."""
        base = posixpath.basename(path)
        if size <= _MAX_CONF and (path.startswith("/etc/") or base.endswith(".conf")):
            return File(content=stream.read())
        head = stream.read(elf.HEADER_SIZE)
        if not head.startswith(elf.MAGIC):
            return File()
        with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
            spool.write(head)
            shutil.copyfileobj(stream, spool, 1 << 20)
            try:
                facts = elf.read_stream(cast(BinaryIO, spool))
            except elf.ElfError:
                facts = None
            kernel = oldest_kernel(cast(BinaryIO, spool)) if facts and facts.dynamic else 0
            generator = None
            if base in ("ldconfig", "ldconfig.real"):
                spool.seek(0)
                match = _GENERATOR.search(spool.read())
                generator = match.group() if match else None
        return File(elf=facts, generator=generator, oldest_kernel=kernel)
