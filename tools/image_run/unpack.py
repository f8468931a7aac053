"""Applies the layers of an image to a directory, as image-spec's "layer" chapter says.

Every entry's parent is resolved inside the root (scoped.py), so no symlink leads a write out of it. A
name that is absolute or has `..` is an error. Modes, setuid included, do not depend on the umask.
Owners are kept where the process may set them. Device nodes are left out: a container gets its own /dev.
"""

import contextlib
import os
import shutil
import stat
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from tools.common.errors import ToolError
from tools.image_run.layout import Image, verified
from tools.image_run.scoped import resolve
from tools.image_run.streams import open_layer

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_CHUNK = 1 << 20
_BLOCKS = 1 << 18
_XATTR = "SCHILY.xattr."
_DEVICES = frozenset((tarfile.CHRTYPE, tarfile.BLKTYPE))


def unpack(image: Image, root: Path) -> None:
    """Checks and applies all layers to `root`, a new or empty directory."""
    root.mkdir(mode=0o755, exist_ok=True)
    tree = Tree(os.path.realpath(root), owners=can_set_owners())
    for number, (layer, diff_id) in enumerate(zip(image.layers, image.config.diff_ids, strict=True), 1):
        blob = verified(image.layout, layer, f"layer {number} of {len(image.layers)}")
        with open_layer(blob) as stream:
            try:
                tree.apply(cast(BinaryIO, stream))
            except ToolError as error:
                raise ToolError(error.problem, file=error.file or blob, remedy=error.remedy) from None
            got = stream.digest()
        if got != diff_id:
            raise ToolError(
                f"the content of layer {number} is not what the config says\n"
                f"expected {diff_id}\n     got {got}",
                file=blob,
            )
    tree.finish()


def can_set_owners() -> bool:
    """Whether this process is root over all the owners that an image may use."""
    if os.geteuid() != 0:
        return False
    with open("/proc/self/uid_map", encoding="ascii") as table:
        ranges = [line.split() for line in table]
    return any(int(first) == 0 and int(count) >= 65536 for first, _, count in ranges)


def remove_tree(path: str) -> None:
    """Removes a file or a tree, also one with directories that their owner may not write."""
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        os.unlink(path)
        return
    if os.geteuid() != 0:
        os.chmod(path, 0o700)
        for folder, _, _ in os.walk(path):  # top down, so that each becomes readable before it is read
            for name in os.scandir(folder):
                if name.is_dir(follow_symlinks=False):
                    os.chmod(name.path, 0o700)
    shutil.rmtree(path)


@dataclass
class Tree:
    """A root directory that layers are applied to, lowest first; `finish` ends the last one."""

    root: str
    owners: bool
    _directories: dict[str, tarfile.TarInfo] = field(default_factory=dict)
    _written: set[str] = field(default_factory=set)

    def apply(self, stream: BinaryIO) -> None:
        """Applies one layer, a stream of uncompressed tar."""
        self._written = set()
        try:
            with tarfile.open(fileobj=stream, mode="r|", bufsize=_BLOCKS) as layer:
                for entry in layer:
                    self._entry(layer, entry)
        except tarfile.TarError as error:
            raise ToolError(f"not a tar archive: {error}") from None

    def finish(self) -> None:
        """Gives directories their modes and times, which had to wait until they were filled."""
        for path in sorted(self._directories, reverse=True):
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISDIR(os.lstat(path).st_mode):
                    self._metadata(path, self._directories[path])

    def _entry(self, layer: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
        parts = [part for part in entry.name.split("/") if part not in ("", ".")]
        if entry.name.startswith("/") or ".." in parts or "\0" in entry.name:
            raise ToolError(f"the entry {entry.name!r} leaves the root of the image")
        if not parts:
            if entry.isdir():
                self._directories[self.root] = entry
            return
        try:
            parent = resolve(self.root, "/".join(parts[:-1]), create=True) or self.root
        except ToolError as error:
            raise ToolError(f"the entry {entry.name!r} has no place: {error.problem}") from None
        if parts[-1].startswith(_WHITEOUT):
            self._whiteout(parent, parts[-1], entry)
        elif entry.type not in _DEVICES:
            self._write(layer, entry, f"{parent}/{parts[-1]}")

    def _write(self, layer: tarfile.TarFile, entry: tarfile.TarInfo, path: str) -> None:
        self._written.add(path)
        if entry.isdir():
            self._directory(entry, path)
            return
        if os.path.lexists(path):
            remove_tree(path)
        if entry.issym():
            os.symlink(entry.linkname, path)
        elif entry.islnk():
            self._hard_link(entry, path)
            return
        elif entry.isfifo():
            os.mkfifo(path)
        elif entry.isfile():
            self._file(layer, entry, path)
        else:
            raise ToolError(f"the entry {entry.name!r} has the unknown type {entry.type!r}")
        self._metadata(path, entry)

    def _directory(self, entry: tarfile.TarInfo, path: str) -> None:
        if os.path.lexists(path) and not stat.S_ISDIR(os.lstat(path).st_mode):
            os.unlink(path)
        if not os.path.lexists(path):
            os.mkdir(path, 0o700)
        self._directories[path] = entry

    def _file(self, layer: tarfile.TarFile, entry: tarfile.TarInfo, path: str) -> None:
        source = layer.extractfile(entry)
        assert source is not None
        with open(path, "xb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
        if os.path.getsize(path) != entry.size:
            raise ToolError(f"the entry {entry.name!r} ends before its {entry.size} bytes")

    def _hard_link(self, entry: tarfile.TarInfo, path: str) -> None:
        target = entry.linkname
        if target.startswith("/") or ".." in target.split("/"):
            raise ToolError(f"the hard link {entry.name!r} to {target!r} leaves the root of the image")
        real = resolve(self.root, target, follow_last=False)
        if real is None or stat.S_ISDIR(os.lstat(real).st_mode):
            raise ToolError(f"the hard link {entry.name!r} has no file {target!r} to share")
        os.link(real, path, follow_symlinks=False)

    def _whiteout(self, parent: str, name: str, entry: tarfile.TarInfo) -> None:
        """Removes what lower layers have; what this layer itself wrote stays, whatever the order."""
        if name == _OPAQUE:
            self._empty(parent)
            return
        hidden = name.removeprefix(_WHITEOUT)
        if hidden in ("", ".", ".."):
            raise ToolError(f"the whiteout {entry.name!r} names nothing that can be removed")
        path = f"{parent}/{hidden}"
        if os.path.lexists(path) and path not in self._written:
            remove_tree(path)

    def _empty(self, folder: str) -> None:
        for each in list(os.scandir(folder)):
            if any(path == each.path or path.startswith(each.path + "/") for path in self._written):
                if each.is_dir(follow_symlinks=False):
                    self._empty(each.path)
            else:
                remove_tree(each.path)

    def _metadata(self, path: str, entry: tarfile.TarInfo) -> None:
        if self.owners:
            os.lchown(path, entry.uid, entry.gid)
        if not entry.issym():
            os.chmod(path, entry.mode & 0o7777)  # after the owner, whose change drops setuid
            for key, value in entry.pax_headers.items():
                if self.owners and key.startswith(_XATTR):
                    os.setxattr(path, key.removeprefix(_XATTR), value.encode("utf-8", "surrogateescape"))
        os.utime(path, (entry.mtime, entry.mtime), follow_symlinks=False)
