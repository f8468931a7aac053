"""Compiles modules with an image's own Python, without starting the image: `Compiler` and what it compiles,
`Sources`.

The compiler is a folder made by the action ByteCompiler (root.py): an interpreter, the libraries that it
needs, its standard library as a zip file, and compile.py.
"""

from __future__ import annotations

import marshal
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
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
    """Modules to compile, collected in a folder: `path` has them one after another.

    `groups` says which ones a process compiles, each module as where it is in the image, and the offset and
    size in `path`. They are in the order of their byte code's paths in an image.
    """

    def __init__(self, scratch: Path, python: str) -> None:
        self.path = scratch / "sources"
        self.groups: list[list[tuple[str, int, int]]] = []
        self._python = python
        self._modules: list[tuple[str, int, int]] = []
        self._file = self.path.open("wb")
        self._size = 0

    def begin(self, path: str) -> None:
        """Begins a module; `path` is where it is in the image, which tracebacks will show."""
        self._modules.append((path, self._size, 0))

    def write(self, data: bytes) -> None:
        """Takes a bit of the module."""
        self._file.write(data)
        self._size += len(data)
        path, offset, size = self._modules[-1]
        self._modules[-1] = path, offset, size + len(data)

    def close(self) -> None:
        """Says that there are no more, and makes groups."""
        self._file.close()
        filled = 0
        for module in sorted(self._modules, key=lambda module: cached(module[0], self._python)):
            if not self.groups or filled > _GROUP_SIZE or len(self.groups[-1]) == _GROUP_FILES:
                self.groups.append([])
                filled = 0
            self.groups[-1].append(module)
            filled += module[2]


@dataclass(frozen=True)
class Compiler:
    """A folder made by the action ByteCompiler."""

    root: Path

    def run(self, sources: Sources, scratch: Path, jobs: int | None = None) -> Generator[ByteCode]:
        """Compiles the modules, while what is compiled can be taken, in the order of the byte code's paths.

        Those that are no valid Python are left out, as pip leaves them out.

        Args:
            sources: the modules.
            scratch: a folder for the byte code.
            jobs: how many processes at a time; one for each CPU without. The bytes don't depend on it.
        """
        sources.close()
        if not sources.groups:
            return
        index = scratch / "index"
        index.write_bytes(marshal.dumps(sources.groups, 2))
        with self._started(sources.path, index, scratch, jobs or len(os.sched_getaffinity(0))) as finished:
            for number, group in enumerate(sources.groups):
                finished(number)
                yield from _byte_code(group, scratch / str(number))

    @contextmanager
    def _started(self, *arguments: Path | int) -> Iterator[Callable[[int], None]]:
        """Starts the compiler, and gives a function that waits for a group."""
        root = self.root
        command = [*interpreter(root), "-S", "-s", "-B", "-W", "ignore", str(root / "compile.py")]
        # Sets are marshalled in the order of their hashes.
        environment = {"PYTHONHOME": str(root), "PYTHONHASHSEED": "0"}
        done: set[int] = set()
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(
                [*command, *map(str, arguments)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=said,
                process_group=0,
            ) as process,
        ):
            assert process.stdout is not None
            lines = iter(process.stdout)

            def finished(number: int) -> None:
                while number not in done:
                    line = next(lines, b"")
                    if not line:
                        said.seek(0)
                        raise _failed(root, said.read().decode(errors="replace"), process.wait())
                    done.add(int(line))

            try:
                yield finished
            finally:
                # Who takes no more code removes the folder next, into which children still write; the last of
                # them has ended when nobody holds the other end of the pipe.
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.stdout.read()


def _byte_code(group: list[tuple[str, int, int]], file: Path) -> Iterator[ByteCode]:
    """What a group was compiled to."""
    offset = 0
    sizes: list[int | None] = marshal.loads(Path(f"{file}.index").read_bytes())
    for (path, _, _), size in zip(group, sizes, strict=True):
        if size is not None:
            yield ByteCode(path, file, offset, size)
            offset += size


def _failed(root: Path, said: str, code: int) -> ToolError:
    return ToolError(
        f"the image's Python cannot compile: {said.strip() or f'exit code {code}'}",
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
