"""Whether a wheel's tags are for a Python in an image (PyPA specification: platform compatibility tags)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}

# The names that manylinux had before it was called by the glibc's version (PEP 600).
_OLD_NAMES = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}


@dataclass(frozen=True)
class Target:
    """What wheels must be for: Python `3.11`, Debian's name of the architecture, the glibc `2.36` if it is
    known.
    """

    python: str
    arch: str
    glibc: str = ""

    @property
    def minor(self) -> int:
        """The 11 of 3.11."""
        return int(self.python.split(".")[1])


def problem(tags: Iterable[str], target: Target) -> str | None:
    """Says why none of the tags fits; None when one does, or there are none."""
    problems = [_problem(tag, target) for tag in tags]
    return None if None in problems or not problems else next(filter(None, problems))


def _problem(tag: str, target: Target) -> str | None:
    python, _, rest = tag.partition("-")
    abi, _, platform = rest.partition("-")
    return _python_problem(python, abi, platform, target) or _platform_problem(platform, target)


def _python_problem(python: str, abi: str, platform: str, target: Target) -> str | None:
    own = f"cp3{target.minor}"
    match = re.fullmatch(r"(py|cp)(\d)(\d*)", python)
    if not match or match[2] != "3":
        return f"is for {python}, this is Python {target.python}"
    minor = int(match[3]) if match[3] else None
    if abi == "none" and match[1] == "py" and (minor is None or minor <= target.minor):
        return None
    if python == own and abi in (own, "abi3", "none"):
        return None
    if match[1] == "cp" and abi == "abi3" and minor is not None and 2 <= minor <= target.minor:
        return None
    if python == own or (abi == "none" and match[1] == "py" and platform == "any"):
        return f"is for the ABI {abi} of {python}, this is Python {target.python}"
    return f"is for {python}-{abi}, this is Python {target.python}"


def _platform_problem(platform: str, target: Target) -> str | None:
    if platform == "any":
        return None
    machine = _MACHINES[target.arch]
    match = re.fullmatch(
        r"(linux|manylinux1|manylinux2010|manylinux2014|manylinux_(\d+)_(\d+))_(.+)", platform
    )
    if not match:
        return f"is for {platform}, this is Debian on {target.arch}"
    if match[4] != machine:
        return f"is for {match[4]}, this is {target.arch}"
    needed = (int(match[2]), int(match[3])) if match[2] else _OLD_NAMES.get(match[1])
    if needed and target.glibc and needed > tuple(int(part) for part in target.glibc.split(".")[:2]):
        return f"needs glibc {needed[0]}.{needed[1]}, the image has {target.glibc}"
    return None
