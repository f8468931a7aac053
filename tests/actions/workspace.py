"""A copy of this workspace to change things in, and what Bazel runs then."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from apt.tests.roots import runfile
from tests.reproducible.nested import OPTIONS, Surroundings, bazel, copy_workspace, shared_downloads
from tools.lint.workspace import root


class Workspace:
    """A copy of this workspace, a mirror before the machine's own, and a Bazel that tells what it ran.

    Args:
        folder: an empty folder for all of it.
        target: what is built.
    """

    def __init__(self, folder: Path, target: str) -> None:
        self.mirror = folder / "mirror/debian"
        self.mirror.mkdir(parents=True)
        self.path = folder / "copy"
        copy_workspace(root(), self.path, 0o022)
        archives = json.loads(runfile("MIRRORS").read_text())["archives"]
        self._where = Surroundings(
            workspace=self.path,
            output_base=folder / "out",
            umask=0o022,
            variables={
                "APT_MIRROR": " ".join([f"file:{self.mirror}", *archives["debian"]]),
                "APT_SECURITY_MIRROR": " ".join(archives["debian-security"]),
            },
        )
        self._target = target
        self._log = folder / "spawns.json"

    def build(self) -> dict[str, list[str]]:
        """Builds the target; the targets for which something was run, by mnemonic."""
        options = [*OPTIONS, *shared_downloads(Path(os.environ["TEST_TMPDIR"]))]
        bazel(self._where, "build", *options, f"--execution_log_json_file={self._log}", self._target)
        ran: dict[str, list[str]] = defaultdict(list)
        for spawn in _stream(self._log.read_text(encoding="utf-8")):
            ran[spawn["mnemonic"]].append(spawn["targetLabel"].rpartition(":")[2])
        return {mnemonic: sorted(targets) for mnemonic, targets in ran.items()}

    def outputs(self) -> dict[str, Path]:
        """The files of the target, by name."""
        options = [*OPTIONS, *shared_downloads(Path(os.environ["TEST_TMPDIR"]))]
        lines = bazel(self._where, "cquery", *options, "--output=files", self._target).split()
        root = Path(bazel(self._where, "info", "execution_root").strip())
        return {Path(line).name: root / line for line in lines}

    def edit(self, path: str, change: Callable[[Any], None]) -> None:
        """Changes a JSON file."""
        content = json.loads((self.path / path).read_text(encoding="utf-8"))
        change(content)
        (self.path / path).write_text(json.dumps(content), encoding="utf-8")

    def shutdown(self) -> None:
        """Ends the Bazel server."""
        bazel(self._where, "shutdown")


def _stream(text: str) -> Iterator[Mapping[str, Any]]:
    """JSON objects one after another."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        value, at = decoder.raw_decode(text, at)
        yield value
