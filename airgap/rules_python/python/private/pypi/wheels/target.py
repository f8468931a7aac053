"""The machine that a wheel is for: a Python version and a platform, seldom the ones we run on."""

from __future__ import annotations

import re
from dataclasses import dataclass

MACHINES = ("x86_64", "aarch64")
PLATFORMS = tuple(f"linux_{machine}" for machine in MACHINES)

# The oldest glibc that wheels exist for, by machine, and the newest worth asking for.
_OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
_NEWEST_GLIBC = 45
_OLD_PLATFORM_NAMES = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}


@dataclass(frozen=True)
class Target:
    """A Python version, in full (3.11.2), and a platform (linux_x86_64)."""

    python: str
    platform: str

    @property
    def minor(self) -> str:
        """The version without its patch level, such as 3.11."""
        return ".".join(self.python.split(".")[:2])

    @property
    def machine(self) -> str:
        """The processor, as `uname -m` names it."""
        return self.platform.partition("_")[2]

    def __str__(self) -> str:
        return f"Python {self.minor} on {self.platform}"

    def environment(self, extra: str = "") -> dict[str, str]:
        """The values of all marker variables."""
        return {
            "extra": extra,
            "implementation_name": "cpython",
            "implementation_version": self.python,
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "0",
            "python_full_version": self.python,
            "python_version": self.minor,
            "sys_platform": "linux",
        }

    def _platforms(self) -> list[list[str]]:
        """Platform tags, best first, those of equal rank together.

        The wheel for the oldest glibc runs on every image; one for no named glibc comes last.
        """
        ranks: list[list[str]] = []
        for minor in range(_OLDEST_GLIBC[self.machine], _NEWEST_GLIBC + 1):
            names = [f"manylinux_2_{minor}", _OLD_PLATFORM_NAMES.get(minor, "")]
            ranks.append([f"{name}_{self.machine}" for name in names if name])
        return [*ranks, [self.platform]]

    def rank(self, wheel: str) -> int | None:
        """How good the platform of a wheel is, 0 for the best; None if it is for any platform."""
        platforms = set(wheel.removesuffix(".whl").split("-")[-1].split("."))
        ranks = [rank for rank, tags in enumerate(self._platforms()) if platforms.intersection(tags)]
        return min(ranks) if ranks else None

    def pip_options(self, below: int | None = None) -> list[str]:
        """Options that make `pip download` choose for this target instead of the machine it runs on.

        Args:
            below: only platforms of a better rank; all if None.
        """
        release = re.match(r"[0-9.]*[0-9]", self.python)
        options = [
            "--implementation=cp",
            f"--python-version={release[0] if release else self.minor}",
            f"--abi=cp{self.minor.replace('.', '')}",
        ]
        return options + [f"--platform={tag}" for tags in self._platforms()[:below] for tag in tags]
