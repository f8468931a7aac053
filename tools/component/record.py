"""What is known of one thing that an image is made of, as the actions that look at it hand it on: JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tools.common.errors import ToolError
from tools.common.parsing import Parsing

VERSION = 1

# What a component can be. `installed` is a package of which only dpkg's database in a pulled image tells.
KINDS = frozenset(("deb", "installed", "wheel", "interpreter", "files", "image"))


@dataclass(frozen=True)
class Component:
    """One thing.

    Args:
        kind: one of KINDS.
        name: a package's or distribution's; of files the target that made them.
        version: as its own world writes it; empty if it has none.
        arch: Debian's name of its architecture, or `all`; empty if it has none.
        sha256: of the file that it came in, in hex; empty if none is known.
        license: an SPDX expression; empty if nobody says.
        license_refs: what the LicenseRef-s in it stand for.
        license_of: the package whose copyright file counts for this one.
        supplier: who made it.
        source: name of the source package or file that it was built from.
        source_version: its version.
        homepage: where it is described.
        file: name of the file that it came in.
        requires: what it says that it needs, each as names of which one will do.
        provides: further names that it has.
    """

    kind: str
    name: str
    version: str = ""
    arch: str = ""
    sha256: str = ""
    license: str = ""
    license_refs: Mapping[str, str] = field(default_factory=dict)
    license_of: str = ""
    supplier: str = ""
    source: str = ""
    source_version: str = ""
    homepage: str = ""
    file: str = ""
    requires: tuple[tuple[str, ...], ...] = ()
    provides: tuple[str, ...] = ()


def dumps(components: Iterable[Component]) -> str:
    """The text of a file of components; what is empty is left out."""
    listed = [{key: value for key, value in asdict(each).items() if value} for each in components]
    document = {"version": VERSION, "components": listed}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read(path: Path) -> list[Component]:
    """Reads such a file."""
    with Parsing("is no file of components", path, remedy="//tools/component writes them."):
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != VERSION:
            raise ToolError(f"has components of version {document['version']}, not {VERSION}", file=path)
        return [_component(each) for each in document["components"]]


def _component(said: dict[str, object]) -> Component:
    requires = said.get("requires", [])
    provides = said.get("provides", [])
    assert isinstance(requires, list)
    assert isinstance(provides, list)
    lists = {"requires": tuple(tuple(each) for each in requires), "provides": tuple(provides)}
    found = Component(**(said | lists))  # type: ignore[arg-type]  # JSON of ours
    if found.kind not in KINDS:
        raise ValueError(f"has a component of the kind {found.kind!r}")
    return found
