"""The root that a script would run in, as far as conditions in scripts ask."""

import posixpath
from collections.abc import Callable, Set
from dataclasses import dataclass

# Where a running system shows itself, and a layer has nothing.
_RUNNING = ("/proc", "/sys", "/dev", "/run/")
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True)
class Root:
    """What there is once the packages of a layer are unpacked.

    `kinds` says what is at a path without its first slash: `file`, `directory`, `symlink`, `something`, '' if
    there is nothing, or `?` if it may or may not be there. `place` says where a path leads, as folders may be
    links.
    """

    arch: str
    kinds: Callable[[str], str]
    place: Callable[[str], str]
    diversions: Set[str] = frozenset()
    overrides: Set[str] = frozenset()
    alternatives: Set[str] = frozenset()

    def kind(self, path: str) -> str | None:
        """What is at an absolute path: '' for nothing, None when that cannot be known."""
        if not path.startswith("/"):
            return None
        path = posixpath.normpath(path)
        if path.startswith(_RUNNING):
            return None
        found = self.kinds(self.place(path))
        return None if found == "?" else found

    def program(self, name: str) -> bool | None:
        """Whether there is a program of this name."""
        if "/" in name:
            kind = self.kind(name)
            return None if kind is None else kind != ""
        kinds = [self.kind(f"{folder}/{name}") for folder in _PATH]
        return True if any(kinds) else None if None in kinds else False

    def has_choice(self, name: str) -> bool:
        """Whether there are alternatives of this name."""
        return name in self.alternatives
