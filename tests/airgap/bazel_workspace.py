"""A workspace of its own for tests of Bazel itself: repositories that it fetches, builds that must fail.

It has this repository's .bazelrc, drop-ins and module versions, so that it is air-gapped when this
repository is and uses the real rulesets when this repository does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Relative to the runfiles of the main repository; its canonical name differs between Bazels.
_SOURCES = "../*airgap_sources"


def source(name: str) -> Path:
    """A file of @airgap_sources."""
    (path,) = Path().glob(f"{_SOURCES}/{name}")
    return path


def has_drop_ins() -> bool:
    """Whether this repository is built with the drop-ins, not with the real modules."""
    return source("mode").read_text(encoding="utf-8") == "airgap"


@dataclass(frozen=True)
class Result:
    """How a call of Bazel ended, and all that it said."""

    code: int
    output: str


class Workspace:
    """A Bazel workspace in a folder, with a small server."""

    def __init__(self, folder: Path, *, jvm_args: Sequence[str] = ()) -> None:
        self._jvm_args = [f"--host_jvm_args={arg}" for arg in ("-Xmx512m", *jvm_args)]
        self.root = folder / "workspace"
        self.root.mkdir(parents=True)
        self._user_root = folder / "bazel"
        self._home = folder / "home"
        self._home.mkdir()
        with tarfile.open(source("airgap.tar")) as archive:
            archive.extractall(self.root, filter="fully_trusted")
        mode = "build --workspace_status_command=\n"  # there is no such program in this workspace
        mode += "common --config=airgap\n" if has_drop_ins() else ""
        self.write(".bazelrc", source("bazelrc").read_text(encoding="utf-8") + mode)
        self.write(".bazelignore", "airgap\n")
        self.module()

    def module(self, text: str = "") -> None:
        """Write MODULE.bazel: this repository's dependencies, and what the test adds."""
        ours = source("MODULE.bazel.txt").read_text(encoding="utf-8")
        dependencies = re.findall(r"^bazel_dep\(.*\)$", ours, re.MULTILINE)
        self.write("MODULE.bazel", "\n".join([*dependencies, text, ""]))

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def bazel(self, command: str, *args: str, env: Mapping[str, str] | None = None) -> Result:
        """Run a Bazel command."""
        program = shutil.which("bazel") or shutil.which("bazelisk")
        assert program, "neither bazel nor bazelisk is on PATH"
        words = [program, "--nohome_rc", f"--output_user_root={self._user_root}"]
        words += [*self._jvm_args, "--max_idle_secs=60", command]
        if command in ("build", "run", "test"):
            # Already in a sandbox, where a second one can't be made.
            words += ["--spawn_strategy=local", "--disk_cache=", "--noshow_progress", "--jobs=2"]
        environ = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        environ |= dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost,127.0.0.1")
        environ |= {"HOME": str(self._home), "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [*words, *args],
            cwd=self.root,
            env={**environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout)

    def build(self, *targets: str, env: Mapping[str, str] | None = None) -> None:
        """Build targets, which must work."""
        result = self.bazel("build", *targets, env=env)
        assert result.code == 0, result.output

    def failure(self, *targets: str, env: Mapping[str, str] | None = None) -> str:
        """Build targets, which must fail; what Bazel says is the result."""
        result = self.bazel("build", *targets, env=env)
        assert result.code != 0, "this should have failed:\n" + result.output
        assert "Traceback (most recent call last):\n  File" not in result.output, (
            "a Python traceback:\n" + result.output
        )
        return result.output

    def output(self, name: str) -> Path:
        """An output of the last build."""
        return self.root / "bazel-bin" / name

    def close(self) -> None:
        """Stop the server."""
        self.bazel("shutdown")
