"""Makes a wheel's parts of a venv's layers: one with its files, one with their byte code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tools.byte_code.compiler import Compiler, Sources, cached, is_cached
from tools.common.errors import ToolError
from tools.elf_scan import elf
from tools.layer.formats import FORMATS, Format
from tools.layer.part import EntryWriter
from tools.layer.tar import Entry, Kind
from tools.venv_part import entry_points
from tools.venv_part.facts import Facts, File
from tools.venv_part.libraries import Looker
from tools.venv_part.place import Placed, Venv, place
from tools.venv_part.record import Row, installed_rows
from tools.wheel.splice import add_member, small_size
from tools.wheel.wheel import Wheel

_SHEBANG = b"#!python"
_OTHER_VERSION = "The wheel is made wrong. Lock another version."
_FILE_NAME = re.compile(r"[^-]+-[^-]+(?:-\d[^-]*)?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl")


@dataclass(frozen=True)
class Compiling:
    """How modules are compiled: by what, where to, and a folder for what lies between."""

    compiler: Compiler
    out: BinaryIO
    scratch: Path


@dataclass(frozen=True)
class _File:
    """A file of the part: a member of the wheel as it is, or data of ours."""

    mode: int
    member: str = ""
    data: bytes = b""


def write_part(
    path: Path,
    venv: Venv,
    out: BinaryIO,
    libraries: Looker,
    *,
    layers: Format = FORMATS["gzip"],
    compiling: Compiling | None = None,
) -> Facts:
    """Writes the parts of a wheel.

    Args:
        path: the wheel.
        venv: where it goes.
        out: where the part with its files is written to.
        libraries: is shown every file.
        layers: the format of the layers that the parts are for.
        compiling: how to make the part with byte code, if at all.

    Raises:
        ToolError: the wheel is damaged or made wrong.
    """
    with Wheel.open(path) as wheel:
        tags = _tags(wheel, _fields(wheel))
        scripts = _scripts(wheel, venv)
        placed = place(wheel, venv, set(scripts))
        if compiling:
            placed = _without_byte_code(placed, venv)
        members = _members(wheel, placed)
        written = _written(wheel, venv, placed, scripts)
        files = members | written
        _check_tree(wheel, files)
        sources = Sources(compiling.scratch, venv.python) if compiling else None
        modules = _modules(placed) if compiling else set()
        with layers.writer(out) as writer:
            part = _Part(writer, wheel, libraries, sources, modules)
            described = {
                file_path.lstrip("/"): part.add(file_path, file) for file_path, file in sorted(files.items())
            }
        compiled, more_spans = (
            _compile(compiling, sources, venv, layers) if compiling and sources else ({}, {})
        )
        wheel.verify(sorted(set(wheel.names()) - {file.member for file in files.values()}))
        return Facts(
            source=path.name,
            name=wheel.name,
            version=wheel.version,
            requires_python=str(wheel.metadata.get("Requires-Python") or "").strip(),
            tags=tags,
            site_packages=venv.site_packages.lstrip("/"),
            dist_info=wheel.dist_info,
            record=tuple(_record(wheel, venv, placed, written)),
            files=described,
            compiled=compiled,
            spans=layers.spans(writer) | more_spans,
        )


def _fields(wheel: Wheel) -> list[tuple[str, str]]:
    """The fields of WHEEL, once it is certain that they are ones that we understand."""
    member = f"{wheel.dist_info}/WHEEL"
    lines = wheel.read(member).decode("utf-8", "replace").splitlines()
    fields = [(key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in lines)]
    version = dict(fields).get("Wheel-Version", "")
    if version.partition(".")[0] != "1":
        problem = f"{member}: Wheel-Version is {version!r}; only 1.x can be installed"
        raise ToolError(problem, file=wheel.path, remedy=_OTHER_VERSION)
    return fields


def _tags(wheel: Wheel, fields: list[tuple[str, str]]) -> tuple[str, ...]:
    """What the wheel is for: as its name says, by which indexes and pip go; else as WHEEL says."""
    if match := _FILE_NAME.fullmatch(wheel.path.name):
        pythons, abis, platforms = (match[each].split(".") for each in ("python", "abi", "platform"))
        return tuple(
            f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms
        )
    tags = tuple(value for key, value in fields if key == "Tag")
    if not tags:
        problem = f"{wheel.dist_info}/WHEEL: has no Tag, and the wheel's name says not what it is for either"
        raise ToolError(problem, file=wheel.path, remedy=_OTHER_VERSION)
    return tags


def _scripts(wheel: Wheel, venv: Venv) -> dict[str, str]:
    """What entry points call, by the name of their script."""
    member = f"{wheel.dist_info}/entry_points.txt"
    if member not in wheel.names():
        return {}
    text = wheel.read(member).decode("utf-8", "replace")
    return entry_points.for_python(entry_points.parse(text, f"{wheel.path}: {member}"), venv.python)


def _without_byte_code(placed: list[Placed], venv: Venv) -> list[Placed]:
    """What is installed but for byte code of modules that we compile, as pip does, over what the wheel
    has.
    """
    modules = {each.path for each in placed}
    matches = {each.path: is_cached(each.path, venv.python) for each in placed}
    return [
        each
        for each in placed
        if not (match := matches[each.path]) or f"{match['folder']}{match['name']}.py" not in modules
    ]


def _modules(placed: list[Placed]) -> set[str]:
    """The modules that are compiled: where a file is in the way of the folder for it, pip compiles none."""
    paths = {each.path for each in placed}
    return {
        path
        for path in paths
        if path.endswith(".py") and f"{path.rpartition('/')[0]}/__pycache__" not in paths
    }


def _members(wheel: Wheel, placed: list[Placed]) -> dict[str, _File]:
    """The files that are the wheel's own, by path."""
    files: dict[str, _File] = {}
    for each in placed:
        if each.path in files:
            problem = f"{each.member}: goes to {each.path}, as {files[each.path].member} does"
            raise ToolError(problem, file=wheel.path, remedy=_OTHER_VERSION)
        files[each.path] = _File(0o755 if wheel.is_executable(each.member) else 0o644, each.member)
    del files[next(each.path for each in placed if each.member == f"{wheel.dist_info}/RECORD")]
    return files


def _written(wheel: Wheel, venv: Venv, placed: list[Placed], scripts: dict[str, str]) -> dict[str, _File]:
    """The files that installing changes or adds, by path; but RECORD, which the layer gets at last."""
    files = {
        each.path: _with_shebang(wheel, each, venv.interpreter)
        for each in placed
        if each.script and wheel.head(each.member, len(_SHEBANG)) == _SHEBANG
    }
    for name, call in scripts.items():
        files[f"{venv.bin}/{name}"] = _File(0o755, data=entry_points.script(call, venv.interpreter))
    files[f"{venv.site_packages}/{wheel.dist_info}/INSTALLER"] = _File(0o644, data=b"pip\n")
    return files


def _record(wheel: Wheel, venv: Venv, placed: list[Placed], written: Mapping[str, _File]) -> list[Row]:
    return installed_rows(
        wheel.read(f"{wheel.dist_info}/RECORD").decode("utf-8", "replace"),
        {each.member: venv.recorded(each.path) for each in placed},
        {venv.recorded(path): file.data for path, file in written.items()},
    )


def _with_shebang(wheel: Wheel, placed: Placed, interpreter: str) -> _File:
    """A script whose first line names the venv's interpreter, where the wheel has only `#!python`."""
    _, _, rest = wheel.read(placed.member).partition(b"\n")
    mode = 0o755 if wheel.is_executable(placed.member) else 0o644
    return _File(mode, data=f"#!{interpreter}\n".encode() + rest)


def _check_tree(wheel: Wheel, files: Mapping[str, _File]) -> None:
    """No file may be where others need a folder."""
    seen = {""}
    for path, file in files.items():
        parent = path.rpartition("/")[0]
        while parent not in seen:
            seen.add(parent)
            if other := files.get(parent):
                problem = f"{file.member or path}: lies below {other.member or parent}, which is a file"
                raise ToolError(problem, file=wheel.path, remedy=_OTHER_VERSION)
            parent = parent.rpartition("/")[0]


class _Part:
    """Adds files to the part, and shows them to who looks for libraries and for modules."""

    def __init__(
        self,
        writer: EntryWriter,
        wheel: Wheel,
        libraries: Looker,
        sources: Sources | None,
        modules: set[str],
    ) -> None:
        self._writer, self._wheel, self._libraries = writer, wheel, libraries
        self._sources, self._modules = sources, modules
        self._small = small_size(wheel)

    def add(self, path: str, file: _File) -> File:
        """Adds a file, and returns what Facts say of it."""
        sources = self._sources if path in self._modules else None
        if sources:
            sources.begin(path)
        inside = path.lstrip("/")
        if not file.member:
            self._writer.add(Entry(inside, Kind.FILE, file.mode, size=len(file.data)), file.data)
            if sources:
                sources.write(file.data)
            return File.of(file.mode, file.data)
        member = self._wheel.member(file.member)
        recorded = self._wheel.recorded(file.member)
        known = recorded.digest.hex() if recorded and recorded.algorithm == "sha256" else None
        hashing = hashlib.sha256()
        taps = [*([sources.write] if sources else []), *([] if known else [hashing.update])]
        self._libraries.meet(path)
        add_member(
            self._writer,
            Entry(inside, Kind.FILE, file.mode, size=member.size),
            member,
            tap=(lambda data: [tap(data) for tap in taps]) if taps else None,
            look=lambda pread: self._libraries.look(path, member.size, pread),
            begins=elf.MAGIC,
            small=self._small,
        )
        return File(file.mode, known or hashing.hexdigest(), member.size)


def _compile(
    compiling: Compiling, sources: Sources, venv: Venv, layers: Format
) -> tuple[dict[str, File], dict[str, tuple[int, int]]]:
    """Writes the part with byte code; returns what Facts say of it."""
    described = {}
    with (
        layers.byte_code_writer(compiling.out) as writer,
        closing(compiling.compiler.run(sources, compiling.scratch)) as codes,
    ):
        for code in codes:
            path, data = cached(code.source, venv.python).lstrip("/"), code.read()
            writer.add(Entry(path, Kind.FILE, 0o644, size=len(data)), data)
            described[path] = File.of(0o644, data)
    return described, layers.spans(writer)
