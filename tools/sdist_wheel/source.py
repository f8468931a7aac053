"""Unpacks a source distribution and reads how it wants to be built; nothing of it is run, or trusted."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path
from typing import IO, Any

from tools.common.errors import ToolError
from tools.common.names import canonical

_DAMAGED = "The sdist is damaged or was changed. Fetch it again; if that doesn't help, lock another version."
_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_CHUNK = 1 << 20
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    EOFError,
    NotImplementedError,
)

_KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "link",
    tarfile.LNKTYPE: "hard link",
}

# What builds a project that does not say (PEP 517).
_LEGACY = "setuptools.build_meta:__legacy__"


@dataclass(frozen=True)
class BuildSystem:
    """The table [build-system] of pyproject.toml: hooks, folders that have them, and requirements."""

    backend: str = _LEGACY
    backend_path: tuple[str, ...] = ()
    requires: tuple[str, ...] = ("setuptools",)


@dataclass(frozen=True)
class _Member:
    name: str
    kind: str  # file, folder, link or hard link
    target: str = ""
    executable: bool = False


def unpack(sdist: Path, folder: Path, time: int) -> Path:
    """Unpacks into `folder` and returns the project's own folder in it; all files get the same time.

    Raises:
        ToolError: the archive is damaged, or a member would be outside of the project's folder.
    """
    try:
        if sdist.suffix == ".zip":
            _unzip(sdist, folder)
        else:
            _untar(sdist, folder)
    except _BROKEN as error:
        raise ToolError(f"not a whole archive: {error}", file=sdist, remedy=_DAMAGED) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise ToolError(f"not a whole archive: {error}", file=sdist, remedy=_DAMAGED) from error
    found = sorted(folder.iterdir())
    if len(found) != 1 or not found[0].is_dir():
        names = ", ".join(path.name for path in found) or "nothing"
        raise ToolError(
            f"an sdist has one folder, NAME-VERSION; this has {names}", file=sdist, remedy=_DAMAGED
        )
    for base, folders, files in os.walk(found[0]):
        for name in (*folders, *files, "."):
            os.utime(os.path.join(base, name), (time, time), follow_symlinks=False)
    return found[0]


def _untar(sdist: Path, folder: Path) -> None:
    with tarfile.open(sdist) as archive:
        for info in archive:
            if info.type not in _KINDS:
                raise _wrong(sdist, info.name, "is neither a file, a folder nor a link")
            kind = _KINDS[info.type]
            member = _Member(info.name, kind, info.linkname, bool(info.mode & 0o111))
            _write(sdist, folder, member, archive.extractfile(info) if kind == "file" else None)
        # The checksum comes last, after what tells that the archive ends.
        while archive.fileobj.read(_CHUNK):
            pass


def _unzip(sdist: Path, folder: Path) -> None:
    with zipfile.ZipFile(sdist) as archive:
        for info in archive.infolist():
            mode = info.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _wrong(sdist, info.filename, "is neither a file nor a folder")
            if info.is_dir():
                _write(sdist, folder, _Member(info.filename, "folder"), None)
                continue
            with archive.open(info) as content:
                _write(sdist, folder, _Member(info.filename, "file", "", bool(mode & 0o111)), content)


def _write(sdist: Path, folder: Path, member: _Member, content: IO[bytes] | None) -> None:
    place = _place(sdist, folder, member.name)
    if member.kind == "folder":
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
        return
    if not place.relative_to(folder).parts[1:]:
        raise _wrong(sdist, member.name, "is in no folder NAME-VERSION")
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if member.kind == "link":
        _check_link(sdist, folder, member, place)
        place.symlink_to(member.target)
    elif member.kind == "hard link":
        source = _place(sdist, folder, member.target)
        if not source.is_file():
            raise _wrong(sdist, member.name, f"is a link to {member.target}, which is not there")
        shutil.copy2(source, place)
    else:
        assert content is not None
        with place.open("xb") as out:
            shutil.copyfileobj(content, out, _CHUNK)
        place.chmod(0o755 if member.executable else 0o644)


def _place(sdist: Path, folder: Path, name: str) -> Path:
    """Where a member goes; no part of the way there is a link."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\\" in name or "\0" in name or not parts:
        raise _wrong(sdist, name, "leaves the folder that it is unpacked into")
    place = folder.joinpath(*parts)
    for above in place.parents:
        if above == folder:
            break
        if above.is_symlink() or above.is_file():
            raise _wrong(sdist, name, f"is below {above.relative_to(folder)}, which is no folder")
    return place


def _check_link(sdist: Path, folder: Path, member: _Member, place: Path) -> None:
    """A link leads to something in the same project."""
    top = folder / place.relative_to(folder).parts[0]
    target = os.path.normpath(place.parent / member.target)
    if member.target.startswith("/") or os.path.commonpath([target, top]) != str(top):
        raise _wrong(sdist, member.name, f"is a link to {member.target}, which is outside of the project")


def _wrong(sdist: Path, member: str, problem: str) -> ToolError:
    return ToolError(f"{member}: {problem}", file=sdist, remedy=_DAMAGED)


def build_system(sdist: Path, project: Path) -> BuildSystem:
    """What pyproject.toml says of the build; what holds without it otherwise."""
    file = project / "pyproject.toml"
    if not file.is_file() or file.is_symlink():
        if not (project / "setup.py").is_file():
            raise ToolError(
                "has neither pyproject.toml nor setup.py: no Python project",
                file=sdist,
                remedy="Lock a version whose sdist has one, or take a wheel (`@HUB//NAME:whl` of a pip hub).",
            )
        return BuildSystem()
    with _explaining(sdist):
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("build-system")
        if table is None:
            return BuildSystem()
        requires = _strings(table, "requires")
        backend = table.get("build-backend", _LEGACY)
        if not isinstance(backend, str) or not re.fullmatch(r"[\w.]+(:[\w.]+)?", backend):
            raise ValueError(f"build-backend is {backend!r}")
        path = _strings(table, "backend-path")
    for each in path:
        if each.startswith("/") or ".." in each.split("/"):
            raise _wrong(sdist, "pyproject.toml", f"its backend-path {each} leaves the project")
    return BuildSystem(backend, path, requires)


@contextmanager
def _explaining(sdist: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, AttributeError) as error:
        raise _wrong(sdist, "pyproject.toml", f"cannot be understood: {error}") from error


def _strings(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"{key} is {value!r}, not a list of strings")
    return tuple(value)


def missing(requires: Sequence[str], given: Sequence[str]) -> list[str]:
    """The requirements whose distribution is not among those given; one with a marker may not be needed."""
    have = {canonical(name) for name in given}
    absent = []
    for requirement in requires:
        match = _NAME.match(requirement)
        if match and ";" not in requirement and canonical(match[1]) not in have:
            absent.append(requirement.strip())
    return absent
