"""Where the members of a wheel go in a virtual environment, as pip would put them there.

A member belongs into site-packages, unless it is below NAME.data: the folder that comes next says where then.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from tools.common.errors import ToolError
from tools.wheel.wheel import Wheel

_DATA = ".data"


@dataclass(frozen=True)
class Venv:
    """A virtual environment: `prefix` is its folder in the image, absolute, `python` its version, `3.11`."""

    prefix: str
    python: str

    @property
    def bin(self) -> str:
        """The folder of programs."""
        return f"{self.prefix}/bin"

    @property
    def interpreter(self) -> str:
        """What a script's first line names."""
        return f"{self.bin}/python{self.python}"

    @property
    def site_packages(self) -> str:
        """The folder that modules are imported from, whichever kind of wheel they are of."""
        return f"{self.prefix}/lib/python{self.python}/site-packages"

    def schemes(self, distribution: str) -> dict[str, str]:
        """The folder for each folder of NAME.data."""
        return {
            "data": self.prefix,
            "headers": f"{self.prefix}/include/site/python{self.python}/{distribution}",
            "platlib": self.site_packages,
            "purelib": self.site_packages,
            "scripts": self.bin,
        }

    def recorded(self, path: str) -> str:
        """A path as RECORD has it: from site-packages."""
        return recorded(path, self.site_packages)


@dataclass(frozen=True)
class Placed:
    """A member of a wheel, its absolute path in the image, and whether it is in the folder of scripts."""

    member: str
    path: str
    script: bool = False


def recorded(path: str, site_packages: str) -> str:
    """A path as RECORD has it: from site-packages."""
    inside = path.removeprefix(f"{site_packages}/")
    return inside if inside != path else posixpath.relpath(path, site_packages)


def place(wheel: Wheel, venv: Venv, generated: set[str]) -> list[Placed]:
    """The place of each member that is installed.

    Args:
        wheel: the wheel.
        venv: where it goes.
        generated: names of entry points. Scripts of these names stay behind, as the entry point's script
            replaces them.

    Raises:
        ToolError: a member is for a place that there isn't.
    """
    schemes = venv.schemes(wheel.name)
    placed = []
    for member in wheel.names():
        top, _, rest = member.partition("/")
        if not top.endswith(_DATA):
            placed.append(Placed(member, f"{venv.site_packages}/{member}"))
            continue
        scheme, _, path = rest.partition("/")
        if not path or scheme not in schemes:
            raise ToolError(
                f"{member}: wheels have no such place; below {top} there may be {', '.join(sorted(schemes))}",
                file=wheel.path,
                remedy="The wheel is made wrong. Lock another version.",
            )
        script = scheme == "scripts"
        if not script or _entry_point(path) not in generated:
            placed.append(Placed(member, f"{schemes[scheme]}/{path}", script))
    return placed


def _entry_point(path: str) -> str:
    """The entry point that a wheel's script is for: old tools wrote NAME, NAME-script.py and NAME.exe."""
    name = posixpath.basename(path)
    for suffix in (".exe", "-script.py", ".pya"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name
