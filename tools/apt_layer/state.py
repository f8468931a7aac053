"""What is installed after a layer: the memory that a layer on top of it continues from.

A State is written as JSON beside each apt layer. The next apt layer reads it, adds its packages, and rewrites
only those shared files (dpkg's status, users, alternatives, ...) that have changed.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError

FORMAT = 2
UNOWNED = "the base image"


@dataclass(frozen=True)
class Facts:
    """What action DebPart noted about one package; `auto` says that only a dependency asked for it.

    `moves` has the files that are placed elsewhere, `attributes` those that get another mode and owner.
    """

    package: str
    version: str
    architecture: str
    status: str
    dirs: Mapping[str, tuple[int, int, int]]
    files: Mapping[str, str]
    rights: Mapping[str, tuple[int, int, int]]
    triggers: tuple[str, ...]
    extracts: Mapping[str, str]
    scripts: Mapping[str, str]
    part: Path
    auto: bool
    moves: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)

    def as_installed(self) -> "Installed":
        """What the layers above have to know."""
        return Installed(self.version, self.architecture, self.status, self.triggers, self.auto)


@dataclass(frozen=True)
class Installed:
    """A package as the layers above know it."""

    version: str
    architecture: str
    status: str
    triggers: tuple[str, ...]
    auto: bool

    @property
    def installed(self) -> bool:
        """Whether it is usable; a pulled base may also know what was removed, or is not configured."""
        words = next((line for line in self.status.splitlines() if line.startswith("Status:")), "").split()
        return words[-1:] in (["installed"], ["triggers-pending"], ["triggers-awaited"])

    def qualified(self, name: str) -> str:
        """The name as dpkg writes it: with the architecture when several could be installed at once."""
        return f"{name}:{self.architecture}" if "\nMulti-Arch: same\n" in self.status else name


@dataclass
class Alternative:
    """One group of update-alternatives: the master's link, those of its slaves, and the choices."""

    link: str
    slaves: dict[str, str] = field(default_factory=dict)
    choices: dict[str, dict[str, Any]] = field(default_factory=dict)
    manual: str = ""

    def best(self) -> str:
        """The choice in force: one made by hand, else that of update-alternatives, of highest priority."""
        return self.manual or max(sorted(self.choices), key=lambda path: int(self.choices[path]["priority"]))


@dataclass
class State:
    """Everything about a root that packages share.

    Of a pulled base, `kept` has the texts of shared files, by path: they stay as they are, in front of what
    packages add; `links` has its links to folders, and where these really are. Files of no package belong
    to `UNOWNED`.
    """

    arch: str
    suite: str
    pulled: bool = False
    packages: dict[str, Installed] = field(default_factory=dict)
    dirs: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, list[str]] = field(default_factory=dict)
    shadow: bool = False
    alternatives: dict[str, Alternative] = field(default_factory=dict)
    diversions: dict[str, tuple[str, str]] = field(default_factory=dict)
    statoverrides: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    shells: dict[str, list[str]] = field(default_factory=dict)
    templates: dict[str, dict[str, str]] = field(default_factory=dict)
    questions: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def rows(self, path: str) -> list[list[str]]:
        """The rows of a kept file such as etc/passwd, split into their fields."""
        return [line.split(":") for line in self.kept.get(path, "").splitlines()]


def read_facts(path: Path, part: Path, *, auto: bool) -> Facts:
    """Reads what action DebPart wrote, and notes where the part is."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return Facts(
        package=data["package"],
        version=data["version"],
        architecture=data["architecture"],
        status=data["status"],
        dirs=_rights(data["dirs"]),
        files=data["files"],
        rights=_rights(data["rights"]),
        triggers=tuple(data["triggers"]),
        extracts=data["extracts"],
        scripts=data["scripts"],
        part=part,
        auto=auto,
    )


def _rights(data: Mapping[str, tuple[int, int, int]]) -> dict[str, tuple[int, int, int]]:
    return {name: (mode, uid, gid) for name, (mode, uid, gid) in data.items()}


def dumps(state: State) -> str:
    """The JSON for the layer above; `read_state` reads it."""
    return (
        json.dumps({"format": FORMAT, **asdict(state)}, sort_keys=True, ensure_ascii=False, indent=0) + "\n"
    )


def read_state(path: Path) -> State:
    """Reads what the layer below has written."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("format") != FORMAT:
            raise ToolError(
                "was written by another version of this repository; build the base again", file=path
            )
        packages = {
            name: Installed(**{**value, "triggers": tuple(value["triggers"])})
            for name, value in data.pop("packages").items()
        }
        dirs = _rights(data.pop("dirs"))
        alternatives = {name: Alternative(**value) for name, value in data.pop("alternatives").items()}
        diversions = {path: (to, by) for path, (to, by) in data.pop("diversions").items()}
        overrides = {
            path: (user, group, mode) for path, (user, group, mode) in data.pop("statoverrides").items()
        }
        return State(
            packages=packages,
            dirs=dirs,
            alternatives=alternatives,
            diversions=diversions,
            statoverrides=overrides,
            **data,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ToolError(f"is not the state of an apt layer: {error!r}", file=path) from error
