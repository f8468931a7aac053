"""Turns one .deb into a layer part and the facts that the layer around it needs.

The part holds the package's files and its entries of /var/lib/dpkg/info, as if dpkg had unpacked it, but for
directories: those are shared, so the layer writes each once. No maintainer script is run; what scripts would
do is data in //apt/policy.
"""

import hashlib
import re
import stat
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from tools.common.errors import ToolError
from tools.deb_part import ar, control
from tools.deb_part.excludes import Excludes
from tools.layer.part import PartWriter
from tools.layer.tar import Entry, Kind, bad_path

_DATABASE = "var/lib/dpkg/"
INFO = f"{_DATABASE}info"
_ALIASED = ("bin", "lib", "lib32", "lib64", "libo32", "libx32", "sbin")
_CONTROL_LIMIT = 16 << 20
# Those that would run when a package comes into an empty root.
_SCRIPTS = ("preinst", "config", "postinst")
_TRIGGER = re.compile(r"(interest|activate)(-(await|noawait))?\s+\S+")


@dataclass(frozen=True)
class Expected:
    """What the lock says about a .deb, and the command that writes the lock anew."""

    package: str
    version: str
    architecture: str
    sha256: str
    refresh: str


@dataclass
class Facts:
    """What a layer has to know about a package without opening its part."""

    package: str
    version: str
    architecture: str
    status: str
    dirs: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    rights: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    triggers: list[str] = field(default_factory=list)
    extracts: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)


def unpack(deb: Path, out: BinaryIO, expected: Expected, excludes: Excludes, *, merged_usr: bool) -> Facts:
    """Writes the part of `deb` to `out`."""
    try:
        _check_hash(deb, expected)
        with deb.open("rb") as stream:
            parts = ar.members(stream, deb.stat().st_size)
            files = _read_control(stream, parts["control.tar"])
            fields = control.parse(_text(files, "control"))
            _check_identity(fields, expected)
            unpacker = _Unpacker(PartWriter(out), fields, excludes, merged_usr)
            with ar.open_tar(stream, parts["data.tar"]) as archive:
                unpacker.data(archive)
            return unpacker.finish(files)
    except ToolError as error:
        name = f"{expected.package} {expected.version} ({expected.architecture})"
        raise ToolError(
            f"the .deb of {name} {error.problem}", file=error.file, remedy=error.remedy
        ) from error


class _Unpacker:
    def __init__(
        self, writer: PartWriter, fields: Mapping[str, str], excludes: Excludes, merged_usr: bool
    ) -> None:
        self._writer, self._fields, self._excludes, self._merged = writer, fields, excludes, merged_usr
        self._facts = Facts(fields["Package"], fields["Version"], fields["Architecture"], "")
        self._list: list[str] = []
        self._md5: dict[str, str] = {}
        self._parents: set[str] = set()
        self._skipped: set[str] = set()

    def data(self, archive: tarfile.TarFile) -> None:
        for member in archive:
            path = self._own_path(member.name)
            self._list.append("/" + path if path else "/.")
            if not path and not member.isdir():
                raise ToolError("has a root that is no directory")
            if not path:
                continue
            if self._excludes.skips("/" + path, container=member.isdir() or member.issym()):
                self._skipped.add(path)
                if member.isreg() and path in self._excludes.extracts:
                    data = cast(BinaryIO, archive.extractfile(member)).read()
                    self._facts.extracts[path] = _decoded(data, path)
                continue
            self._add(archive, member, path)

    def _own_path(self, name: str) -> str:
        """A member's name as the package means it: no `./` in front, no slash behind, '' for the root."""
        path = name.removeprefix("./").rstrip("/")
        if path == "." or (not path and not name.startswith("/")):
            return ""
        if reason := bad_path(path if not name.startswith("/") else name):
            raise ToolError(f"has the path {name!r}, which {reason}")
        if "\n" in path:
            raise ToolError(f"has the path {name!r}, and dpkg's lists have a path on each line")
        return path

    def _image_path(self, path: str) -> str:
        top = path.split("/", 1)[0]
        return "usr/" + path if self._merged and top in _ALIASED else path

    def _add(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        image_path = self._image_path(path)
        self._check_parents(image_path)
        mode = stat.S_IMODE(member.mode)
        if member.isdir():
            self._facts.dirs[image_path] = (mode, member.uid, member.gid)
            return
        if path.startswith(_DATABASE):
            raise ToolError(f"has the file {path!r}, and what is there is dpkg's own")
        if self._merged and member.issym() and path in _ALIASED and member.linkname == f"usr/{path}":
            image_path = path  # base-files brings the usr-merge links itself since Debian 13
        if any(image_path in seen for seen in (self._facts.files, self._facts.dirs, self._parents)):
            raise ToolError(
                f"has the path {path!r} twice" + (", as /usr is merged" if image_path != path else "")
            )
        content: _Hashing | None = None
        if member.isreg():
            entry = Entry(image_path, Kind.FILE, mode, member.uid, member.gid, member.size)
            content = _Hashing(cast(BinaryIO, archive.extractfile(member)))
        elif member.issym():
            entry = Entry(image_path, Kind.SYMLINK, 0o777, member.uid, member.gid, link=member.linkname)
        elif member.islnk():
            target = self._own_path(member.linkname)
            if target in self._skipped:
                raise ToolError(f"has {path!r} as hard link to {target!r}, which the path rules leave out")
            entry = Entry(
                image_path, Kind.HARDLINK, mode, member.uid, member.gid, link=self._image_path(target)
            )
            self._md5[path] = self._md5.get(target, "")
        else:
            kind = {
                tarfile.CHRTYPE: "a character device",
                tarfile.BLKTYPE: "a block device",
                tarfile.FIFOTYPE: "a FIFO",
            }
            raise ToolError(
                f"has {path!r}, {kind.get(member.type, 'a special file')}, which has no place in a layer"
            )
        self._writer.add(entry, content)
        self._facts.files[image_path] = str(entry.kind)
        self._note_rights(entry)
        if content is not None:
            self._md5[path] = content.hexdigest()

    def _note_rights(self, entry: Entry) -> None:
        """Notes what has more than everyday rights: the layer asks the policy whether it may."""
        if entry.kind is not Kind.SYMLINK and unusual(entry.mode, entry.uid, entry.gid):
            self._facts.rights[entry.path] = (entry.mode, entry.uid, entry.gid)

    def _check_parents(self, path: str) -> None:
        """No member may lie below a symlink of its package: unpacking would follow it out of the root."""
        parts = path.split("/")
        for end in range(1, len(parts)):
            parent = "/".join(parts[:end])
            if parent in self._facts.files:
                raise ToolError(f"has {path!r} below {parent!r}, which is not a directory")
            self._parents.add(parent)

    def finish(self, files: Mapping[str, tuple[int, bytes]]) -> Facts:
        """Writes what dpkg keeps of the package in its database."""
        conffiles = []
        for line in _lines(files, "conffiles"):
            path = line.removeprefix("remove-on-upgrade ").strip()
            # dpkg has no hash of what it has not unpacked: what went away, or what path rules leave out.
            md5 = self._md5.get(path.lstrip("/"), "newconffile")
            conffiles.append((path, md5 if path == line else f"{md5} remove-on-upgrade"))
        self._facts.status = control.status(self._fields, conffiles)
        self._facts.triggers = [line for line in _lines(files, "triggers") if not line.startswith("#")]
        for line in self._facts.triggers:
            if not _TRIGGER.fullmatch(line):
                raise ToolError(f"has {line!r} in its triggers, which deb-triggers(5) does not know")
        self._facts.scripts = {name: _script(files[name][1]) for name in _SCRIPTS if name in files}
        name = self._facts.package
        if self._fields.get("Multi-Arch") == "same":
            name += ":" + self._fields["Architecture"]
        info = {key: value for key, value in files.items() if key != "control"}
        info["list"] = (0o644, "".join(f"{path}\n" for path in self._list).encode())
        info.setdefault("md5sums", (0o644, self._own_md5sums()))
        for key, (mode, data) in sorted(info.items()):
            entry = Entry(f"{INFO}/{name}.{key}", Kind.FILE, mode, size=len(data))
            self._writer.add(entry, data)
            self._note_rights(entry)
        self._writer.close()
        return self._facts

    def _own_md5sums(self) -> bytes:
        """What dpkg notes for a package that brings no md5sums."""
        return "".join(f"{md5}  {path}\n" for path, md5 in self._md5.items()).encode()


def unusual(mode: int, uid: int, gid: int) -> bool:
    """Whether a path has more than everyday rights: setuid, setgid, sticky, writable for all, not root's."""
    return bool(mode & 0o7002 or uid or gid)


class _Hashing:
    """A stream that hashes what is read from it, as dpkg's database has MD5 sums of conffiles."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._md5 = hashlib.md5(usedforsecurity=False)

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._md5.update(data)
        return data

    def hexdigest(self) -> str:
        return self._md5.hexdigest()


def _read_control(stream: BinaryIO, member: ar.Member) -> dict[str, tuple[int, bytes]]:
    """The files of control.tar, each with its mode."""
    files: dict[str, tuple[int, bytes]] = {}
    with ar.open_tar(stream, member) as archive:
        for info in archive:
            name = info.name.removeprefix("./").strip("/")
            if info.isdir() and name in ("", "."):
                continue
            if not info.isreg() or "/" in name or bad_path(name):
                raise ToolError(f"has {info.name!r} in its control archive, which can only hold plain files")
            if name in files:
                raise ToolError(f"has {name!r} twice in its control archive")
            if info.size > _CONTROL_LIMIT:
                raise ToolError(f"has a {name} of {info.size} bytes in its control archive")
            files[name] = (stat.S_IMODE(info.mode), cast(BinaryIO, archive.extractfile(info)).read())
    return files


def _check_hash(deb: Path, expected: Expected) -> None:
    with deb.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected.sha256:
        raise ToolError(
            f"has the SHA-256 {found}, the lock says {expected.sha256}",
            remedy=f"If you trust the mirror, refresh the lock: {expected.refresh}",
        )


def _check_identity(fields: Mapping[str, str], expected: Expected) -> None:
    found = (fields["Package"], fields["Version"], fields["Architecture"])
    if found != (expected.package, expected.version, expected.architecture):
        raise ToolError(
            f"is of another package: {' '.join(found)}", remedy=f"Refresh the lock: {expected.refresh}"
        )


def _text(files: Mapping[str, tuple[int, bytes]], name: str) -> str:
    if name not in files:
        raise ToolError(f"has no {name} in its control archive")
    return _decoded(files[name][1], name)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ToolError(f"has a {name} that is not UTF-8") from error


def _script(data: bytes) -> str:
    return data.decode("utf-8", "replace") if data.startswith(b"#!") else "(a program, and no script)"


def _lines(files: Mapping[str, tuple[int, bytes]], name: str) -> list[str]:
    return [line.strip() for line in _text(files, name).splitlines() if line.strip()] if name in files else []
