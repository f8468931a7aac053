"""What a package's stanza says about other packages: needs, conflicts, and the further names that it has."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tools.common.errors import ToolError
from tools.deb_version.versions import satisfies

_RELATION = re.compile(
    r"(?P<name>[^\s(:\[<]+)(?::[^\s(]+)?\s*(?:\(\s*(?P<op><<|<=|=|>=|>>|<|>)\s*(?P<version>[^\s)]+)\s*\))?"
)


@dataclass(frozen=True)
class Relation:
    """One name with a condition on its version, or without."""

    name: str
    operator: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.operator} {self.version})" if self.operator else self.name

    def holds(self, package: "Package") -> bool:
        """Whether a package is meant: by its name or by one that it provides, with a version if need be."""
        if package.name == self.name and self._fits(package.version):
            return True
        return any(
            each.name == self.name
            and (not self.operator or (bool(each.version) and self._fits(each.version)))
            for each in package.provides
        )

    def _fits(self, version: str) -> bool:
        return not self.operator or satisfies(version, self.operator, self.version)


@dataclass(frozen=True)
class Package:
    """A package as far as others relate to it."""

    name: str
    version: str
    depends: tuple[tuple[Relation, ...], ...]
    provides: tuple[Relation, ...]
    conflicts: tuple[Relation, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def fields(stanza: str) -> dict[str, str]:
    """The fields of a stanza as they stand, continuation lines included."""
    found: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith((" ", "\t")):
            found[name] = found.get(name, "") + "\n" + line
        elif ":" in line:
            name, value = line.split(":", 1)
            found[name] = value.strip()
    return found


def package(stanza: str) -> Package:
    """Reads the relations in a stanza of dpkg's status file."""
    said = fields(stanza)
    return Package(
        said["Package"],
        said.get("Version", ""),
        tuple(group for name in ("Pre-Depends", "Depends") for group in _groups(said, name)),
        tuple(one for group in _groups(said, "Provides") for one in group),
        tuple(one for name in ("Conflicts", "Breaks") for group in _groups(said, name) for one in group),
    )


def _groups(said: Mapping[str, str], field: str) -> Iterator[tuple[Relation, ...]]:
    for group in said.get(field, "").split(","):
        if group.strip():
            yield tuple(_relation(said["Package"], field, one) for one in group.split("|"))


def _relation(owner: str, field: str, text: str) -> Relation:
    match = _RELATION.fullmatch(text.strip())
    if match is None:
        raise ToolError(
            f"{owner} has {text.strip()!r} in its field {field}, which is no relation to a package"
        )
    return Relation(match["name"], match["op"] or "", match["version"] or "")
