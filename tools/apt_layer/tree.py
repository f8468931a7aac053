"""The files that a layer has beside its packages' own: collected, checked, written in order."""

from dataclasses import dataclass

from tools.common.errors import ToolError
from tools.layer.part import PartWriter
from tools.layer.tar import Entry, Kind


@dataclass(frozen=True)
class Made:
    """A generated file or link, and who made it."""

    entry: Entry
    data: bytes
    maker: str


class Tree:
    """What is generated: files, links and directories; the `chosen` ones have their attributes on purpose."""

    def __init__(self) -> None:
        self.chosen: dict[str, tuple[int, int, int]] = {}
        self.dirs: dict[str, tuple[int, int, int]] = {}
        self.made: dict[str, Made] = {}

    def file(
        self, path: str, data: bytes, maker: str, *, mode: int = 0o644, uid: int = 0, gid: int = 0
    ) -> None:
        """Adds a file."""
        self._add(Made(Entry(path, Kind.FILE, mode, uid, gid, len(data)), data, maker))

    def link(self, path: str, target: str, maker: str) -> None:
        """Adds a symlink."""
        self._add(Made(Entry(path, Kind.SYMLINK, 0o777, link=target), b"", maker))

    def dir(self, path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> None:
        """A directory whose attributes win over those in packages."""
        self.chosen[path] = (mode, uid, gid)

    def _add(self, made: Made) -> None:
        path = made.entry.path
        if path in self.made:
            raise ToolError(f"both {self.made[path].maker} and {made.maker} make /{path}")
        self.made[path] = made
        for parent in parents(path):
            self.dirs.setdefault(parent, (0o755, 0, 0))

    def write(self, writer: PartWriter) -> None:
        """Writes files and links in the order of their paths."""
        for path in sorted(self.made):
            writer.add(self.made[path].entry, self.made[path].data)


def parents(path: str) -> list[str]:
    """The directories above a path, topmost first."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def write_dirs(dirs: dict[str, tuple[int, int, int]], writer: PartWriter) -> None:
    """Writes directories in the order of their paths, so that each follows its parent."""
    for path in sorted(dirs):
        mode, uid, gid = dirs[path]
        writer.add(Entry(path, Kind.DIR, mode, uid, gid))
