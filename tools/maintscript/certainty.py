"""Whether a script comes to a place at all, and where it may have left before.

Only a running system could tell some conditions. What stands behind such a one may run or not.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tools.maintscript.expansion import Value


class Leave(Exception):
    """What is looked at ends here."""


class Exit(Leave):
    """The script ends here."""


class Return(Leave):
    """The function ends here."""


class Break(Leave):
    """The loop ends here, or this round of it."""


@dataclass
class Certainty:
    """What is known of the place where a script is looked at.

    Attributes:
        variables: all variables of the script; what one has when it may have two values is forgotten here.
        maybe: how many conditions above are not known.
        skipped: which ends the script may have come to before.
    """

    variables: dict[str, Value]
    maybe: int = 0
    skipped: set[type[Leave]] = field(default_factory=set)

    @property
    def unsure(self) -> bool:
        """Whether the script may not come to where it is looked at."""
        return bool(self.maybe or self.skipped)

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """Commands that may run or not: what they set is unknown afterwards, and they may leave or not."""
        before = dict(self.variables)
        self.maybe += 1
        try:
            yield
        except Leave as end:
            self.skipped.add(type(end))
        finally:
            self._forget(before)
            self.maybe -= 1

    def _forget(self, before: Mapping[str, Value]) -> None:
        """Variables that have other values than before may have these or those."""
        for name in self.variables.keys() | before.keys():
            if self.variables.get(name, "") != before.get(name, ""):
                self.variables[name] = None

    @contextmanager
    def until(self, end: type[Leave]) -> Iterator[None]:
        """A function or a loop: where commands may have left it, all goes on behind it."""
        before, outer = dict(self.variables), end in self.skipped
        self.skipped.discard(end)
        try:
            yield
        finally:
            if end in self.skipped:
                self._forget(before)
            if not outer:
                self.skipped.discard(end)
            else:
                self.skipped.add(end)
