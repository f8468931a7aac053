"""What the dynamic loader would read of the files in a wheel: facts, whatever the distribution below."""

from __future__ import annotations

from tools.elf_scan import elf
from tools.elf_scan.facts import LIBRARY_NAME, Libraries, Library
from tools.wheel.splice import Pread


class Looker:
    """Collects the ELF files of one wheel, whatever they are named, and what has the name of a library."""

    def __init__(self) -> None:
        self._files: dict[str, Library] = {}
        self._errors: dict[str, str] = {}
        self._named: list[str] = []

    def meet(self, path: str) -> None:
        """Notes a file by its name: without being a library, it may be in the loader's way to one."""
        if LIBRARY_NAME.search(path):
            self._named.append(path)

    def look(self, path: str, size: int, pread: Pread) -> None:
        """Looks into a file.

        Args:
            path: where it is in the image, from the root.
            size: its size in bytes.
            pread: gives its content.
        """
        try:
            self._files[path] = Library(size, elf.read(pread))
        except elf.NotElfError:
            pass
        except elf.ElfError as error:
            self._errors[path] = str(error)

    def libraries(self, source: str) -> Libraries:
        """What was seen.

        Args:
            source: the wheel's name.
        """
        others = tuple(path for path in self._named if path not in self._files and path not in self._errors)
        return Libraries(source, self._files, others=others, errors=self._errors)
