"""Makes a folder with an image's Python that runs where the image doesn't: see compiler.py.

Of some .debs it takes the interpreter, what the loader would load for it, and the modules of the standard
library.
"""

from __future__ import annotations

import io
import posixpath
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from tools.byte_code import compile as compile_program
from tools.byte_code.compiler import Compiler, Sources
from tools.common.errors import ToolError
from tools.deb_part import ar
from tools.elf_scan import elf

_LIBRARY = re.compile(r"(usr/)?lib(64)?/([^/]+-linux-gnu[^/]*/)?[^/]+\.so[^/]*")

# For modules in encodings such as shift_jis.
_CODEC = re.compile(r"lib-dynload/(_codecs_[a-z0-9]+|_multibytecodec)\.[^/]+\.so")
_REMEDY = "Name the packages that the interpreter needs in byte_compiler's `packages`."


@dataclass
class Found:
    """What the packages have: libraries and links by path, modules and the codecs that are libraries by path
    below the standard library.
    """

    program: bytes = b""
    libraries: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    modules: dict[str, bytes] = field(default_factory=dict)
    codecs: dict[str, bytes] = field(default_factory=dict)


def build(debs: Iterable[Path], python: str, root: Path) -> None:
    """Makes the folder.

    Args:
        debs: the packages.
        python: version, such as 3.11.
        root: the folder, which is there and empty.

    Raises:
        ToolError: a package is damaged, or something that the interpreter needs is in none.
    """
    found = Found()
    for deb in debs:
        _read(deb, python, found)
    if not found.program:
        raise ToolError(f"no package has usr/bin/python{python}", remedy=_REMEDY)
    program = _elf(f"usr/bin/python{python} is no program", found.program)
    loader = (program.interpreter or "").rpartition("/")[2]
    if not loader:
        raise ToolError(f"usr/bin/python{python} is no program: it names no loader", remedy=_REMEDY)
    _write(root / "bin" / f"python{python}", found.program)
    _write(root / "loader" / loader, _library(found, loader))
    for name, data in _closure(found, program):
        _write(root / "lib" / name, data)
    for name, data in found.codecs.items():
        _write(root / "lib" / f"python{python}" / name, data)
    shutil.copyfile(compile_program.__file__, root / "compile.py")
    library = root / "lib" / f"python{python.replace('.', '')}.zip"
    _zip(library, found.modules)
    # Compiled by itself it starts in half the time.
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        sources = Sources(Path(scratch), python)
        for name, data in sorted(found.modules.items()):
            sources.begin(name)
            sources.write(data)
        codes = {code.source + "c": code.read() for code in Compiler(root).run(sources, Path(scratch))}
    _zip(library, found.modules | codes)


def _read(deb: Path, python: str, found: Found) -> None:
    library = f"usr/lib/python{python}/"
    modules: dict[str, bytes] = {}
    codecs: dict[str, bytes] = {}
    try:
        with deb.open("rb") as stream:
            data = ar.members(stream, deb.stat().st_size)["data.tar"]
            with ar.open_tar(stream, data) as archive:
                for entry in archive:
                    name = entry.name.removeprefix("./")
                    inside = name.removeprefix(library)
                    if entry.issym() and _LIBRARY.fullmatch(name):
                        found.links[name] = entry.linkname
                    elif entry.isreg() and name == f"usr/bin/python{python}":
                        found.program = _content(archive, entry)
                    elif entry.isreg() and _LIBRARY.fullmatch(name):
                        found.libraries[name] = _content(archive, entry)
                    elif entry.isreg() and name != inside and inside.endswith(".py"):
                        modules[inside] = _content(archive, entry)
                    elif entry.isreg() and name != inside and _CODEC.fullmatch(inside):
                        codecs[inside] = _content(archive, entry)
    except ToolError as error:
        raise ToolError(error.problem, file=deb, remedy=error.remedy) from error
    found.codecs |= codecs
    if not codecs:  # the package that has these has the larger part of the library, which compiling needs not
        found.modules |= modules


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    return cast(io.BufferedIOBase, archive.extractfile(entry)).read()


def _closure(found: Found, program: elf.Elf) -> Iterator[tuple[str, bytes]]:
    """The libraries that the program needs, and that these need."""
    wanted = list(program.needed)
    seen = set()
    while wanted:
        name = wanted.pop(0)
        if name not in seen:
            seen.add(name)
            data = _library(found, name)
            wanted.extend(_elf(f"{name} is no library", data).needed)
            yield name, data


def _library(found: Found, name: str) -> bytes:
    for candidate in sorted(found.libraries.keys() | found.links.keys()):
        if candidate.rpartition("/")[2] == name:
            path = candidate
            for _ in found.links:
                if path not in found.links:
                    break
                path = posixpath.normpath(
                    posixpath.join("/", posixpath.dirname(path), found.links[path])
                ).lstrip("/")
            if path in found.libraries:
                return found.libraries[path]
    raise ToolError(f"no package has {name}, which the interpreter needs", remedy=_REMEDY)


def _elf(problem: str, data: bytes) -> elf.Elf:
    try:
        return elf.read_stream(io.BytesIO(data))
    except elf.ElfError as error:
        raise ToolError(f"{problem}: {error}", remedy=_REMEDY) from error


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o755)


def _zip(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), data)
