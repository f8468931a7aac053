"""Whether a wheel's tags are for a Python in an image (PyPA specification: platform compatibility tags)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}

# The glibc that the first manylinux wheels of a machine were for: none are for an older one.
_OLDEST = {"amd64": (2, 5), "arm64": (2, 17)}

# The names that manylinux had before it was called by the glibc's version (PEP 600).
_OLD_NAMES = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}

_PLATFORM = re.compile(r"(linux|manylinux1|manylinux2010|manylinux2014|manylinux_(\d+)_(\d+))_(.+)", re.ASCII)
_NUMBER = r"(0|[1-9][0-9]{0,8})"


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
    problems = [_problem(tag.lower(), target) for tag in tags]
    return None if None in problems or not problems else next(filter(None, problems))


def _problem(tag: str, target: Target) -> str | None:
    python, _, rest = tag.partition("-")
    abi, _, platform = rest.partition("-")
    return _python_problem(python, abi, platform, target) or _platform_problem(platform, target)


def _python_problem(python: str, abi: str, platform: str, target: Target) -> str | None:
    own = f"cp3{target.minor}"
    match = re.fullmatch(f"(py|cp)3{_NUMBER}?", python)
    if not match:
        return f"is for {python}, this is Python {target.python}"
    minor = int(match[2]) if match[2] else None
    if match[1] == "py":
        fits = abi == "none" and (minor is None or minor <= target.minor)
    elif abi == "abi3":
        fits = platform != "any" and minor is not None and 2 <= minor <= target.minor
    else:
        fits = python == own and (abi == "none" or (abi == own and platform != "any"))
    if fits:
        return None
    if python == own:
        return f"is for {python}-{abi}-{platform}, this is Python {target.python}"
    return f"is for {python}-{abi}, this is Python {target.python}"


def _platform_problem(platform: str, target: Target) -> str | None:
    if platform == "any":
        return None
    match = _PLATFORM.fullmatch(platform)
    if not match:
        return f"is for {platform or 'nothing that it names'}, this is Debian on {target.arch}"
    if match[4] != _MACHINES[target.arch]:
        return f"is for {match[4]}, this is {target.arch}"
    if match[1] == "linux":
        return None
    needed = (int(match[2]), int(match[3])) if match[2] else _OLD_NAMES[match[1]]
    if needed < _OLDEST[target.arch] or "_0" in platform:
        return f"is for {platform}, which there is not"
    if target.glibc and needed > tuple(int(part) for part in target.glibc.split(".")[:2]):
        return f"needs glibc {needed[0]}.{needed[1]}, the image has {target.glibc}"
    return None
