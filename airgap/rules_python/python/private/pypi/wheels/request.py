"""What is asked for: a pin of a lock for a target, and the errors about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wheels.errors import Problem, WheelError
from wheels.lock import refresh_hint
from wheels.target import Target

# As pip has it.
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


class NoWheel(WheelError):
    """No locked file fits the target."""


class HashMismatch(WheelError):
    """The file that fits is not a locked one."""


@dataclass(frozen=True)
class Request:
    """A pin of a lock and the target that it is wanted for."""

    where: str
    name: str
    version: str
    hashes: tuple[str, ...]
    target: Target
    refresh: str
    options: tuple[str, ...] = ()

    @property
    def lock(self) -> str:
        """The file that the pin is in."""
        return self.where.rpartition(":")[0]

    @property
    def pin(self) -> str:
        """The pin as pip spells it."""
        return f"{self.name}=={self.version}"

    def error(self, what: str, remedy: str, kind: type[WheelError] = WheelError) -> WheelError:
        """An error about this pin."""
        return kind(Problem(self.where, f"{self.pin}: {what}", remedy))


def expand(option: str, environment: Mapping[str, str]) -> str:
    """Puts variables into an option, as pip does."""
    return _VARIABLE.sub(lambda match: environment.get(match[1], match[0]), option)


def check_variables(request: Request, environment: Mapping[str, str]) -> None:
    """Raises when a variable of an option is not set; pip would take its name for the value."""
    for option in request.options:
        for name in _VARIABLE.findall(option):
            if not environment.get(name):
                what = f"`{option}` wants the variable {name}, which is not set"
                raise WheelError(Problem(request.lock, what, f"set it: export {name}=..."))


def hash_mismatch(request: Request, got: str) -> WheelError:
    """The error for a file that isn't the locked one."""
    expected = "".join(f"\n    expected {value}" for value in request.hashes)
    return request.error(
        f"the fetched wheel is not the locked one{expected}\n    got      {got}",
        f"if the change is meant, {refresh_hint(request.refresh)}",
        HashMismatch,
    )
