"""What the dynamic loader would read of the files in a wheel, as JSON for whoever resolves what they need.

These are facts only, as //tools/elf_scan reads them; they depend on the wheel and not on the distribution
below.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from tools.elf_scan import elf
from tools.wheel.splice import Pread

_VERSION = 1


class Libraries:
    """Collects the ELF files of one wheel, whatever they are named."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, object]] = {}
        self._errors: dict[str, str] = {}

    def look(self, path: str, size: int, pread: Pread) -> None:
        """Looks into a file.

        Args:
            path: where it is in the image, from the root.
            size: its size in bytes.
            pread: gives its content.
        """
        try:
            self._files[path] = {"size": size, **asdict(elf.read(pread))}
        except elf.NotElfError:
            pass
        except elf.ElfError as error:
            self._errors[path] = str(error)

    def dumps(self, source: str) -> str:
        """The JSON: `files` by path, and what was wrong with those that begin as ELF files and are none.

        Args:
            source: the wheel's name.
        """
        data = {"errors": self._errors, "files": self._files, "format": _VERSION, "source": source}
        return json.dumps(data, ensure_ascii=True, indent=0, sort_keys=True) + "\n"
