"""Compiles modules with the Python that runs it, which is an image's own: 3.9 or later, without most of its
library.

    python3.11 compile.py SOURCES INDEX OUT JOBS

SOURCES holds the modules one after another; INDEX is a marshalled list of groups, each a list of (path,
offset, size). For each group OUT/NUMBER gets the byte code one after another, OUT/NUMBER.index a marshalled
list of sizes, None where a module is no valid Python, as there are in real wheels.

A group is compiled by a child of its own, so that the bytes do not depend on what was compiled before:
which objects of a module are marshalled as shared depends on what else is in memory.
"""

from __future__ import annotations

import _frozen_importlib_external as importlib
import _imp
import marshal
import os
import sys

# What a compiler may still take when a module is refused for its own sake, and not for want of memory.
_SPARE = 64 << 20


def compiled(path: str, source: bytes) -> bytes | None:
    """A module's byte code, unchecked hash-based (PEP 552): what a read-only image never writes anew."""
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except MemoryError:
        # It may be one that is nested too much, for 3.9. Where memory is lacking indeed, this fails, and so
        # do we.
        bytearray(max(_SPARE, 500 * len(source)))
        return None
    except Exception:  # noqa: BLE001 - whatever it is, the module is no valid Python
        return None
    source_hash = _imp.source_hash(importlib._RAW_MAGIC_NUMBER, source)  # type: ignore[attr-defined]
    return bytes(importlib._code_to_hash_pyc(code, source_hash, False))  # type: ignore[attr-defined]


def compile_group(sources: str, group: list[tuple[str, int, int]], out: str) -> None:
    """Compiles the modules of a group."""
    sizes = []
    with open(sources, "rb") as file, open(out, "wb") as target:
        for path, offset, size in group:
            file.seek(offset)
            code = compiled(path, file.read(size))
            target.write(code or b"")
            sizes.append(None if code is None else len(code))
    with open(out + ".index", "wb") as file:
        file.write(marshal.dumps(sizes, 2))


def main(sources: str, index: str, out: str, jobs: int) -> int:
    """Compiles all groups, so many at a time, and prints the number of each that is done."""
    with open(index, "rb") as file:
        groups = marshal.loads(file.read())
    running: dict[int, int] = {}
    failed = False

    def await_one() -> bool:
        child, status = os.wait()
        number = running.pop(child)
        if not status:
            os.write(1, b"%d\n" % number)
        return bool(status)

    for number, group in enumerate(groups):
        if len(running) == jobs:
            failed |= await_one()
        child = os.fork()
        if not child:
            code = 1
            try:
                compile_group(sources, group, f"{out}/{number}")
                code = 0
            finally:
                os._exit(code)
        running[child] = number
    while running:
        failed |= await_one()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
