"""An environment, unpacked once and used in roots that differ in what is below it."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.libraries.starting import Outcome, start
from tools.image_run.layout import open_image
from tools.image_run.unpack import remove_tree, unpack

_PREFIX = "/usr/share/python3/app"


class Environment:
    """The environment, and what comes of programs in it."""

    def __init__(self, folder: Path, programs: Mapping[str, str]) -> None:
        self._folder, self._programs = folder, programs
        self._prefix = folder / "root" / _PREFIX[1:]
        unpack(open_image(Path(os.environ["ENVIRONMENT"])), folder / "root")

    def distributions(self) -> set[str]:
        """The names of all distributions in it."""
        return {
            re.sub("[-_.]+", "-", each.name.partition("-")[0]).lower() for each in self.files("*.dist-info")
        }

    def files(self, pattern: str) -> list[Path]:
        """The files that a pattern names, relative to site-packages."""
        return list(self._prefix.glob(f"lib/python3.*/site-packages/{pattern}"))

    @functools.cache  # noqa: B019 (there is one, for as long as the tests)
    def outcomes(self, root: str) -> Mapping[str, Outcome]:
        """What comes of all programs on a root, for a user who may write nowhere."""
        return start(
            Path(os.environ[f"WITH_{root.upper()}"]),
            self._programs,
            *("--bind", f"{self._prefix}:{_PREFIX}:ro"),
            env={"XDG_CACHE_HOME": str(self._folder / "cache")},
        )


@contextmanager
def unpacked(folder: Path, programs: Mapping[str, str]) -> Iterator[Environment]:
    """The environment of the test, below a folder that is removed in the end.

    Args:
        folder: an empty one.
        programs: Python's source by name, to be started in each root.
    """
    try:
        yield Environment(folder, programs)
    finally:
        remove_tree(str(folder))
