"""Looks into wheels and unpacks them, trusting nothing that a member's name says."""

from __future__ import annotations

import compileall
import py_compile
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

# Where the folders of NAME.data go; upstream lays a wheel out the same way.
_SCHEMES = {
    "purelib": "site-packages",
    "platlib": "site-packages",
    "scripts": "bin",
    "headers": "include",
    "data": "data",
}
# Files that would make Bazel see a package where there is none.
_BAZEL_FILES = frozenset(
    {"BUILD", "BUILD.bazel", "REPO.bazel", "WORKSPACE", "WORKSPACE.bazel", "MODULE.bazel"}
)


class InvalidWheel(ValueError):
    """The file is no wheel that can be used."""


def _unsafe(info: zipfile.ZipInfo) -> str:
    """Says why a member must not be unpacked; empty if it may."""
    # orig_filename, for zipfile cuts names at a NUL.
    name = info.orig_filename
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or "\0" in name or ".." in parts or ":" in parts[0]:
        return f"member {name!r} leaves the wheel's root"
    if stat.S_ISLNK(info.external_attr >> 16):
        return f"member {name!r} is a symbolic link"
    return ""


def read(wheel: Path) -> tuple[zipfile.ZipInfo, ...]:
    """Lists the members of a wheel after checking each name.

    Raises:
        InvalidWheel: it is truncated or damaged, or a member leaves the root.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = tuple(archive.infolist())
    except (zipfile.BadZipFile, OSError, NotImplementedError, UnicodeDecodeError) as error:
        raise InvalidWheel(f"not a whole zip file ({error}); truncated?") from error
    for info in members:
        reason = _unsafe(info)
        if reason:
            raise InvalidWheel(reason)
    return members


def metadata(wheel: Path) -> str:
    """Returns the text of METADATA.

    Raises:
        InvalidWheel: there is none, or it can't be read.
    """
    members = [
        info
        for info in read(wheel)
        if info.filename.count("/") == 1 and info.filename.endswith(".dist-info/METADATA")
    ]
    if len(members) != 1:
        raise InvalidWheel("no METADATA in it" if not members else "more than one METADATA in it")
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(members[0]).decode("utf-8", "surrogateescape")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise InvalidWheel(f"METADATA can't be read ({error}); damaged?") from error


def _destination(name: str) -> PurePosixPath | None:
    """Where a member goes below the folder; None for what is left out."""
    path = PurePosixPath(name)
    if path.name in _BAZEL_FILES or path.suffix == ".pyc":
        return None
    top, *rest = path.parts
    if top.endswith(".data") and rest:
        root = _SCHEMES.get(rest[0])
        return PurePosixPath(root, *rest[1:]) if root and rest[1:] else None
    return PurePosixPath("site-packages", path)


def compile_all(folder: Path) -> None:
    """Compiles the modules below site-packages, so that programs start several times faster.

    The byte code depends on the sources and the interpreter alone, and is never checked or written again.
    What doesn't compile, such as a template of a module, stays as it is.
    """
    compileall.compile_dir(
        folder / "site-packages",
        maxlevels=100,
        stripdir=folder,
        quiet=2,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def unpack(wheel: Path, folder: Path) -> None:
    """Unpacks a wheel into site-packages/, bin/, include/ and data/ of a folder.

    Raises:
        InvalidWheel: it is damaged, or a member leaves the root.
    """
    members = read(wheel)
    try:
        with zipfile.ZipFile(wheel) as archive:
            for info in members:
                place = _destination(info.filename)
                if info.is_dir() or place is None:
                    continue
                target = folder / place
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
                executable = place.parts[0] == "bin" or bool(info.external_attr >> 16 & 0o111)
                target.chmod(0o755 if executable else 0o644)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InvalidWheel(f"can't be unpacked ({error}); damaged?") from error
