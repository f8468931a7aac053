"""Makes apt layers of small packages for tests, by running the two tools as Bazel does."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.deb_part.debs import Built, Content, arguments, build


@dataclass(frozen=True)
class Result:
    """The outputs of action AptLayer."""

    layer: Path
    state: Path
    status: Path

    def names(self) -> list[str]:
        """The paths in the layer, in order."""
        with tarfile.open(self.layer) as archive:
            return archive.getnames()

    def text(self, name: str) -> str:
        """The content of a file."""
        with tarfile.open(self.layer) as archive:
            stream = archive.extractfile(name)
            assert stream is not None
            return stream.read().decode()

    def mode(self, name: str) -> int:
        """The mode of a path."""
        with tarfile.open(self.layer) as archive:
            return archive.getmember(name).mode


class Maker:
    """Runs the two tools as Bazel does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = 0

    def deb(self, name: str, content: Content) -> Built:
        """A package by the real dpkg-deb."""
        return build(self.folder, name, content)

    def part(self, built: Built, *, merged: bool = True) -> tuple[Path, Path]:
        """What action DebPart makes of it: facts and part."""
        part, facts = built.path.with_suffix(".part"), built.path.with_suffix(".json")
        options = [each for each in arguments(built, part, facts) if merged or each != "--merged-usr"]
        done = tool("tools.deb_part", options)
        assert done.returncode == 0, done.stderr
        return facts, part

    def run(
        self,
        *packages: Built,
        base: Result | None = None,
        policy: dict[str, Any] | None = None,
        auto: Sequence[str] = (),
        rights: Sequence[Path] = (),
        scripts: Sequence[Path] = (),
        roots: Sequence[str] = (),
        closure: str = "apt",
        lock: str = "team",
        merged: bool = True,
        umask: int = 0o022,
        **env: str,
    ) -> tuple[Result, subprocess.CompletedProcess[str]]:
        """Makes a layer, or tries to."""
        self.runs += 1
        result = Result(*(self.folder / f"{self.runs}.{kind}" for kind in ("tar.gz", "state", "status")))
        rules = self.folder / f"{self.runs}.policy.json"
        rules.write_text(json.dumps({"version": 1, "packages": policy or {}}))
        options = [
            "--lock",
            lock,
            "--closure",
            closure,
            "--arch",
            "amd64",
            "--suite",
            "bookworm",
            "--component",
            "main",
        ]
        options += ["--root-link", "bin", "--root-link", "lib"] if merged else []
        options += [word for name in roots for word in ("--root", name)]
        for built in packages:
            facts, part = self.part(built, merged=merged)
            options += ["--auto" if built.expected.package in auto else "--package", str(facts), str(part)]
        if base:
            options += ["--base", str(base.state)]
        options += [word for file in (rules, *scripts) for word in ("--policy", str(file))]
        options += ["--excludes", "apt/policy/path-excludes.json"]
        for file in (Path("apt/policy/rights.json"), *rights):
            options += ["--rights", str(file)]
        options += [
            "--layer",
            str(result.layer),
            "--state",
            str(result.state),
            "--status",
            str(result.status),
        ]
        (self.folder / "params").write_text("\n".join(options))
        return result, tool("tools.apt_layer", [f"@{self.folder}/params"], umask=umask, **env)

    def layer(self, *packages: Built, **options: Any) -> Result:
        """A layer of packages."""
        result, done = self.run(*packages, **options)
        assert done.returncode == 0, done.stderr
        return result

    def error(self, *packages: Built, **options: Any) -> str:
        """The message when there can be no layer."""
        result, done = self.run(*packages, **options)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert not list(self.folder.glob(f"{result.layer.name}.*")), "nothing half-made"
        return done.stderr


def tool(
    module: str, options: Sequence[str], *, umask: int = 0o022, **env: str
) -> subprocess.CompletedProcess[str]:
    """Runs a tool in the machine that the options describe."""
    return subprocess.run(
        [sys.executable, "-m", module, *options],
        env={"PYTHONPATH": ":".join(sys.path), **env},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
