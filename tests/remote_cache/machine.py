"""A machine that builds: a Bazel with an output base of its own, and no cache but the one it is told of."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.reproducible.nested import OPTIONS, Surroundings, bazel, run, shared_downloads
from tools.image_run.layout import open_image, verified
from tools.lint.workspace import root

_HITS = ("remote cache hit", "disk cache hit")
_SUMMARY = re.compile(r"^INFO: \d+ process(?:es)?: (.*)\.$", re.MULTILINE)


@dataclass(frozen=True)
class Build:
    """What came of a build: how many actions were done how, without Bazel's own, and what it said.

    Where Bazel lost what it needed and began again, all its attempts are counted.
    """

    done: Mapping[str, int]
    said: str

    @property
    def hits(self) -> int:
        """How many actions a cache had."""
        return sum(self.done[how] for how in self.done if how in _HITS)

    @property
    def remote(self) -> int:
        """How many actions an engine did."""
        return self.done.get("remote", 0)

    @property
    def local(self) -> int:
        """How many actions this machine did itself."""
        return sum(self.done.values()) - self.hits - self.remote


class Machine:
    """Builds images of this workspace, with its output base in a folder."""

    def __init__(self, folder: Path) -> None:
        self.where = Surroundings(root(), folder / "out", 0o022, {})
        self._options = [*OPTIONS, *shared_downloads(Path(os.environ["TEST_TMPDIR"]))]

    def build(self, targets: str, *options: str, login: Path | None = None) -> Build:
        """Builds targets, which must work, with the passwords of a file like ~/.netrc."""
        where = replace(self.where, variables={"NETRC": str(login or self.where.output_base / "none")})
        done = run(where, "build", *self._options, *options, *targets.split())
        assert done.returncode == 0, done.stdout + done.stderr
        counts: Counter[str] = Counter()
        for summary in _SUMMARY.findall(done.stderr):
            for part in summary.split(", "):
                count, how = part.split(" ", 1)
                counts[how] += int(count)
        del counts["internal"]
        return Build(counts, done.stderr)

    def program(self, target: str, script: Path, *options: str) -> Path:
        """Writes a script that starts what `bazel run` would."""
        bazel(self.where, "run", *self._options, *options, f"--script_path={script}", target)
        return script

    def files(self, target: str) -> list[Path]:
        """Where the files of a target are, whether or not they are there."""
        lines = bazel(self.where, "cquery", *self._options, "--output=files", target).split()
        return [Path(bazel(self.where, "info", "execution_root").strip()) / line for line in lines]

    def digest(self, target: str) -> str:
        """The digest of an image; its layers are looked at, too."""
        return digest(self.files(target)[-1])

    def clean(self) -> None:
        """Forgets what was built, and keeps what was fetched."""
        bazel(self.where, "clean")


def digest(layout: Path) -> str:
    """The digest of an image all of whose layers are what the manifest says."""
    image = open_image(layout)
    for layer in image.layers:
        verified(image.layout, layer, "layer")
    return image.digest


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A machine for as long as it is needed."""
    made = Machine(folder)
    try:
        yield made
    finally:
        bazel(made.where, "shutdown")
