"""Reads /etc/ld.so.cache as the dynamic loader does (glibc's elf/dl-cache.c); cache.py says what is in it.

Entries for better processors than every one of the architecture are passed over.
"""

from __future__ import annotations

import os
import struct

from tools.common.errors import ToolError
from tools.elf_scan import elf
from tools.elf_scan.ldso import CACHE

_MAGIC = b"glibc-ld.so.cache1.1"
_COUNT_AT, _HEADER = 20, 48
_ENTRY = struct.Struct("<iIIIQ")
_ANY = 1
_KINDS = {(elf.EM_X86_64, 64): 0x0303, (elf.EM_AARCH64, 64): 0x0A03}


def read_cache(data: bytes, machine: tuple[int, int]) -> dict[str, str]:
    """The path of each library by the name that it is asked for.

    Args:
        data: the file. Before glibc 2.32 a part of an older format may come first.
        machine: number and bits of the loader's machine, as ELF files state them.
    """
    start = data.find(_MAGIC)
    if start < 0:
        raise ToolError(f"{CACHE} is no cache of glibc's", remedy="Make the layer with it by ld_cache_layer.")
    cache = data[start:]
    found: dict[str, str] = {}
    try:
        (count,) = struct.unpack_from("<I", cache, _COUNT_AT)
        for number in range(count):
            flags, name, path, _, hwcap = _ENTRY.unpack_from(cache, _HEADER + number * _ENTRY.size)
            if not hwcap and flags in (_ANY, _KINDS[machine]):
                # Those for just this machine come before those for any.
                found.setdefault(_text(cache, name), _text(cache, path))
    except (struct.error, ValueError) as error:
        raise ToolError(f"{CACHE} is cut off", remedy="Make the layer with it by ld_cache_layer.") from error
    return found


def _text(cache: bytes, at: int) -> str:
    return os.fsdecode(cache[at : cache.index(b"\0", at)])
