"""Compiles modules with an image's own Python, without starting the image: `Compiler` and what it compiles,
`Sources`.

The compiler is a folder made by the action ByteCompiler (root.py): an interpreter, the libraries that it
needs, its standard library as a zip file, and compile.py.
"""

from __future__ import annotations

import marshal
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError

# What one process compiles; fixed, as the bytes depend on it, and small enough that several have something
# to do.
_GROUP_SIZE = 1 << 20
_GROUP_FILES = 100


@dataclass(frozen=True)
class ByteCode:
    """The byte code of one module: where the module is in the image, and where its code lies."""

    source: str
    file: Path
    offset: int
    size: int

    def read(self) -> bytes:
        """The content of the .pyc file."""
        with self.file.open("rb") as stream:
            stream.seek(self.offset)
            return stream.read(self.size)


class Sources:
    """Modules to compile, collected in a folder. They must come in an order that is always the same."""

    def __init__(self, scratch: Path) -> None:
        self.path = scratch / "sources"
        self.groups: list[list[tuple[str, int, int]]] = []
        self._file = self.path.open("wb")
        self._size = self._group = 0

    def begin(self, path: str) -> None:
        """Begins a module; `path` is where it is in the image, which tracebacks will show."""
        if not self.groups or self._group > _GROUP_SIZE or len(self.groups[-1]) == _GROUP_FILES:
            self.groups.append([])
            self._group = 0
        self.groups[-1].append((path, self._size, 0))

    def write(self, data: bytes) -> None:
        """Takes a bit of the module."""
        self._file.write(data)
        self._size += len(data)
        self._group += len(data)
        path, offset, size = self.groups[-1][-1]
        self.groups[-1][-1] = path, offset, size + len(data)

    def close(self) -> None:
        """Says that there are no more."""
        self._file.close()


@dataclass(frozen=True)
class Compiler:
    """A folder made by the action ByteCompiler."""

    root: Path

    def run(self, sources: Sources, scratch: Path, jobs: int | None = None) -> Iterator[ByteCode]:
        """Compiles the modules; those that are no valid Python are left out, as pip leaves them out.

        Args:
            sources: the modules.
            scratch: a folder for the byte code.
            jobs: how many processes at a time; one for each CPU without. The bytes don't depend on it.
        """
        sources.close()
        index = scratch / "index"
        index.write_bytes(marshal.dumps(sources.groups, 2))
        if sources.groups:
            self._start(
                str(sources.path), str(index), str(scratch), str(jobs or len(os.sched_getaffinity(0)))
            )
        for number, group in enumerate(sources.groups):
            file = scratch / str(number)
            offset = 0
            sizes: list[int | None] = marshal.loads(Path(f"{file}.index").read_bytes())
            for (path, _, _), size in zip(group, sizes, strict=True):
                if size is not None:
                    yield ByteCode(path, file, offset, size)
                    offset += size

    def _start(self, *arguments: str) -> None:
        root = self.root
        command = [*interpreter(root), "-S", "-s", "-B", "-W", "ignore", str(root / "compile.py"), *arguments]
        # Sets are marshalled in the order of their hashes.
        environment = {"PYTHONHOME": str(root), "PYTHONHASHSEED": "0"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise ToolError(
                f"the image's Python cannot compile: {done.stderr.strip() or f'exit code {done.returncode}'}",
                file=root,
                remedy="Make room if memory or disk ran out; byte_code = False leaves byte code out.",
            )


def interpreter(root: Path) -> list[str]:
    """The command that starts the interpreter in a compiler's folder, with its own libraries."""
    (program,) = (root / "bin").iterdir()
    (loader,) = (root / "loader").iterdir()
    return [str(loader), "--library-path", str(root / "lib"), str(program)]


def cached(source: str, python: str) -> str:
    """Where the byte code of a module is: `a/__pycache__/b.cpython-311.pyc` for `a/b.py` (PEP 3147)."""
    folder, slash, name = source.rpartition("/")
    return f"{folder}{slash}__pycache__/{name.removesuffix('.py')}.cpython-{python.replace('.', '')}.pyc"


def is_cached(path: str, python: str) -> re.Match[str] | None:
    """Whether a path is one of byte code for this Python; the match has `folder` and `name` of the module."""
    tag = re.escape(f"cpython-{python.replace('.', '')}")
    return re.fullmatch(rf"(?P<folder>(.*/)?)__pycache__/(?P<name>[^/]+)\.{tag}\.pyc", path)
