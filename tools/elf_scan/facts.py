"""What the dynamic loader would read of a wheel, a layer or an image, as JSON: facts, and no verdict on them.

Actions write them where the files are at hand (//tools/venv_part, //tools/layer_libraries); whoever stacks
layers reads them and nothing else (stacked.py). A file has:

    {"format": 2, "source": "X.whl",
     "files": {"/usr/lib/liba.so.1": {"size": 4711, "machine": 62, "bits": 64, "needed": ["libc.so.6"], ...}},
     "links": {"/lib": "usr/lib"}, "others": ["/etc/passwd"], "whiteouts": ["/usr/.wh.share"],
     "conf": {"/etc/ld.so.conf": "include ..."}, "owners": {"/usr/lib/liba.so.1": "liba1"},
     "packages": {"liba1": "1.2-3"}, "errors": {}}

What a value of `files` leaves out is as in an empty Elf.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError
from tools.elf_scan.elf import Elf, VersionNeed

# What the loader may be led to by its name, and what Python takes for an extension module.
LIBRARY_NAME = re.compile(r"\.so(?:\.[^/]*)?$")

_FORMAT = 2
_REMEDY = "It is made by the build; run the build again, and report this if it stays."


@dataclass(frozen=True)
class Library:
    """An ELF file and its size in bytes."""

    size: int
    elf: Elf


@dataclass(frozen=True)
class Libraries:
    """The facts of one source. Paths are absolute in the image, folders in them as the source has them.

    Attributes:
        source: name of the wheel, layer or package.
        files: the ELF files, whatever they are named.
        links: symbolic links and where they point.
        others: regular files that are no ELF files; they hide what layers below have there. Of a wheel, those
            with a library's name.
        whiteouts: entries by which a layer removes files of those below, as the OCI image specification
            names them.
        conf: the loader's configuration: content by path.
        owners: the Debian packages that ELF files and links to them belong to.
        packages: the versions of Debian packages, by dpkg's status, which counts for all layers below too.
        errors: files that begin as ELF files do and are none, with the reason.
    """

    source: str
    files: Mapping[str, Library] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    whiteouts: tuple[str, ...] = ()
    conf: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def dumps(self) -> str:
        """The JSON, the same for the same facts."""
        data = {
            "format": _FORMAT,
            "source": self.source,
            "files": {path: {"size": each.size} | _stated(each.elf) for path, each in self.files.items()},
            "links": self.links,
            "others": sorted(self.others),
            "whiteouts": sorted(self.whiteouts),
            "conf": self.conf,
            "owners": self.owners,
            "packages": self.packages,
            "errors": self.errors,
        }
        return json.dumps(data, ensure_ascii=True, indent=0, sort_keys=True) + "\n"


def loads(text: str, file: Path) -> Libraries:
    """Reads the JSON.

    Raises:
        ToolError: it is not of this format.
    """
    try:
        data = json.loads(text)
        if data["format"] != _FORMAT:
            raise ToolError(f"has format {data['format']!r}, not {_FORMAT}", file=file, remedy=_REMEDY)
        return Libraries(
            data["source"],
            {path: _library(each) for path, each in data["files"].items()},
            data["links"],
            tuple(data["others"]),
            tuple(data["whiteouts"]),
            data["conf"],
            data["owners"],
            data["packages"],
            data["errors"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(f"is not facts about libraries: {error!r}", file=file, remedy=_REMEDY) from error


def read(path: Path) -> Libraries:
    """Reads such a file."""
    return loads(path.read_text(encoding="utf-8"), path)


_EMPTY = vars(Elf(0, 0, 0, False, 0))


def _stated(facts: Elf) -> dict[str, Any]:
    values = {key: value for key, value in vars(facts).items() if value != _EMPTY[key]}
    if facts.version_needs:
        values["version_needs"] = [vars(need) for need in facts.version_needs]
    return values


def _library(data: Mapping[str, Any]) -> Library:
    values = {key: _frozen(value) for key, value in {**_EMPTY, **data}.items()}
    size = values.pop("size")
    needs = (
        VersionNeed(**{key: _frozen(value) for key, value in each.items()})
        for each in values["version_needs"]
    )
    return Library(size, Elf(**values | {"version_needs": tuple(needs)}))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
