"""What is to be built, for whom, and where in the image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.common.errors import ToolError

# Everything is below one folder, whose path gets into debugging information and so is the same everywhere.
BUILD = "/build"

# No file is older than what a zip archive can say: 1 January 1980.
EPOCH = 315532800

_SUFFIX = re.compile(r"\.(tar(\.\w+)?|tgz|zip)$")
_CPUS = {"amd64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True)
class Target:
    """The Python and the machine of the image."""

    python: str
    arch: str

    def __str__(self) -> str:
        return f"Python {self.python} on linux/{self.arch}"

    def fits(self, tag: str) -> bool:
        """Whether a tag of a wheel, `cp311-cp311-linux_x86_64`, is for this Python and machine."""
        python, _, rest = tag.partition("-")
        abi, _, platform = rest.partition("-")
        own = "cp" + self.python.replace(".", "")
        if platform not in ("any", f"linux_{_CPUS[self.arch]}"):
            return False
        if python == own:
            return abi in (own, "abi3", "none")
        match = re.fullmatch(r"(py|cp)3(\d*)", python)
        if not match or int(match[2] or 0) > int(self.python.partition(".")[2]):
            return False
        return abi == "none" if match[1] == "py" else abi == "abi3"


@dataclass(frozen=True)
class Order:
    """One wheel to build.

    `image` names the build root as the user does, `label` the target. `env` and `settings` are the user's.
    `emulator` is Debian's package with QEMU, for machines that don't start the target's programs themselves.
    """

    sdist: Path
    target: Target
    layout: Path
    image: str
    label: str
    wheels: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    emulator: Path | None = None

    @property
    def pin(self) -> tuple[str, str]:
        """Name and version, as the file is called."""
        name, _, version = _SUFFIX.sub("", self.sdist.name).rpartition("-")
        if not name:
            raise ToolError("is not called NAME-VERSION.tar.gz", file=self.sdist)
        return name, version

    @property
    def given(self) -> list[str]:
        """Names of the wheels that the build may use."""
        return [wheel.name.partition("-")[0] for wheel in self.wheels]
