"""What no ELF file says of its libraries: who opens, brings or does without them.

`hints.json` beside this module is the curated one; targets add files of the same form with `hints = [...]`:

    {"version": 1,
     "dlopen": [{"distribution": "sounddevice", "sonames": ["libportaudio.so.2"], "why": "..."}],
     "driver": [{"sonames": ["libcuda.so.*"], "why": "..."}],
     "nvidia": [{"wheel": "nvidia-cublas-cu12", "sonames": ["libcublas.so.12"], "why": "..."}],
     "preload": [{"distribution": "torchvision", "from": "torch", "sonames": ["libtorch*.so"], "why": "..."}],
     "plugins": [{"distribution": "numba", "files": ["numba/np/ufunc/tbbpool*.so"], "why": "..."}],
     "variants": [{"distribution": "torchcodec", "groups": [["*/lib*4.so"], ["*/lib*5.so"]], "why": "..."}],
     "packages": [{"package": "libportaudio2", "sonames": ["libasound.so.2"], "why": "..."}],
     "data": [{"package": "libmagic1", "with": ["libmagic-mgc"], "why": "..."}]}

`dlopen` and `packages` are libraries that a distribution or a Debian package opens by name; `data` are
packages without which a package is of no use, though no file says so. What the other lists decide is in
resolve.py. Distributions may be spelt as their authors do; files are relative to site-packages; both sonames
and files may have `*`. An entry of a later file comes before those of earlier
ones.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError
from tools.common.parsing import Parsing

_VERSION = 1
_REMEDY = "tools/lib_closure/hints.py says what the file may have."


@dataclass(frozen=True)
class Hint:
    """One entry. Which of the fields it has depends on the list that it is in."""

    why: str
    distribution: str = ""
    package: str = ""
    wheel: str = ""
    origin: str = ""
    sonames: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()

    def names(self, soname: str) -> bool:
        """Whether the entry is about a library."""
        return _any(self.sonames, soname)

    def has(self, file: str) -> bool:
        """Whether the entry is about a file, relative to site-packages."""
        return _any(self.files, file)


_FIELDS = {
    "dlopen": {"distribution", "sonames", "why"},
    "driver": {"sonames", "why"},
    "nvidia": {"wheel", "sonames", "why"},
    "preload": {"distribution", "from", "sonames", "why"},
    "plugins": {"distribution", "files", "why"},
    "variants": {"distribution", "groups", "why"},
    "packages": {"package", "sonames", "why"},
    "data": {"package", "with", "why"},
}
_LISTS = {"sonames", "files", "groups", "with"}
_RENAMED = {"from": "origin", "with": "others"}
_DISTRIBUTIONS = {"distribution", "from", "wheel"}


@dataclass(frozen=True)
class Hints:
    """The entries of all files, by list."""

    dlopen: tuple[Hint, ...] = ()
    driver: tuple[Hint, ...] = ()
    nvidia: tuple[Hint, ...] = ()
    preload: tuple[Hint, ...] = ()
    plugins: tuple[Hint, ...] = ()
    variants: tuple[Hint, ...] = ()
    packages: tuple[Hint, ...] = ()
    data: tuple[Hint, ...] = ()

    def driver_of(self, soname: str) -> Hint | None:
        """The entry by which a library comes with NVIDIA's driver."""
        return _first(hint for hint in self.driver if hint.names(soname))

    def components_of(self, soname: str) -> tuple[Hint, ...]:
        """The entries that say in which wheels of NVIDIA's a library is; versions of CUDA share names."""
        return tuple(hint for hint in self.nvidia if hint.names(soname))

    def preloads_of(self, distribution: str, soname: str) -> Iterator[Hint]:
        """The entries that say whence a distribution has a library loaded before it needs it."""
        return (hint for hint in self.preload if hint.distribution == distribution and hint.names(soname))

    def plugin_of(self, distribution: str, file: str) -> Hint | None:
        """The entry by which a file of a distribution may lack what it needs."""
        return _first(hint for hint in self.plugins if hint.distribution == distribution and hint.has(file))


def read_hints(paths: Iterable[Path]) -> Hints:
    """Reads files of hints; entries of later ones come first.

    Raises:
        ToolError: a file is not of the form above.
    """
    lists: dict[str, list[Hint]] = {name: [] for name in _FIELDS}
    for path in paths:
        for name, hints in _read(path).items():
            lists[name] = hints + lists[name]
    return Hints(**{name: tuple(hints) for name, hints in lists.items()})


def _read(path: Path) -> dict[str, list[Hint]]:
    with Parsing("is not JSON", path, remedy=_REMEDY):
        data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or data.get("version") != _VERSION:
        raise ToolError(f"is not hints of version {_VERSION}", file=path, remedy=_REMEDY)
    unknown = data.keys() - _FIELDS.keys() - {"version", "why"}
    if unknown:
        raise ToolError(
            f"has {', '.join(sorted(unknown))}, which is no list of hints", file=path, remedy=_REMEDY
        )
    for name in _FIELDS:
        if not isinstance(data.get(name, []), list):
            raise ToolError(f"{name} is no list", file=path, remedy=_REMEDY)
    return {
        name: [_hint(entry, name, number, path) for number, entry in enumerate(data.get(name, []), 1)]
        for name in _FIELDS
    }


def _hint(entry: Any, name: str, number: int, path: Path) -> Hint:
    wanted = _FIELDS[name]
    if not isinstance(entry, dict) or entry.keys() != wanted:
        problem = f"{name}, entry {number}: has not just {', '.join(sorted(wanted))}"
        raise ToolError(problem, file=path, remedy=_REMEDY)
    for key, value in entry.items():
        texts = value if isinstance(value, list) and key in _LISTS else [value]
        if key == "groups":
            texts = [text for group in texts for text in (group if isinstance(group, list) else [None])]
        if not texts or not all(isinstance(text, str) and text for text in texts):
            problem = f"{name}, entry {number}: {key} is {value!r}"
            raise ToolError(problem, file=path, remedy=_REMEDY)
        if key in _LISTS and not isinstance(value, list):
            raise ToolError(f"{name}, entry {number}: {key} is no list", file=path, remedy=_REMEDY)
    values: dict[str, Any] = {
        str(_RENAMED.get(key, key)): _normal(value) if key in _DISTRIBUTIONS else _frozen(value)
        for key, value in entry.items()
    }
    return Hint(**values)


def _normal(distribution: str) -> str:
    """The name as the owners of files have it, which is that of the packaging standards."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _any(patterns: tuple[str, ...], text: str) -> bool:
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)


def _first(hints: Iterable[Hint]) -> Hint | None:
    return next(iter(hints), None)
