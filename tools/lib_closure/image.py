"""An image as the resolver sees it: facts of its layers, and the index of its suite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tools.elf_scan.facts import Libraries


class Index(Protocol):
    """Which package of a suite has which library (see //tools/sonames)."""

    @property
    def suite(self) -> str:
        """The suite's name."""

    def package(self, soname: str, arch: str) -> str | None:
        """The package whose library the loader finds by that name."""


@dataclass(frozen=True)
class Image:
    """The layers of an image.

    Attributes:
        arch: Debian's name of the architecture.
        base: all layers below, the lowest first.
        added: the packages that are laid on it for the environment's sake: a layer, or .debs.
        wheels: the environment.
        library_path: LD_LIBRARY_PATH in the image.
    """

    arch: str
    base: tuple[Libraries, ...]
    added: tuple[Libraries, ...]
    wheels: tuple[Libraries, ...]
    library_path: str = ""
