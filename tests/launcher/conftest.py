"""What the launcher's tests share: the real ./bazelw and a little signed Debian archive."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.launcher import archive

WORKSPACE = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Launcher:
    """Runs ./bazelw with a cache folder and a recipe of its own."""

    env: Mapping[str, str]
    cache: Path
    program: Path = WORKSPACE / "bazelw"

    def command(self, *args: str) -> list[str]:
        return [str(self.program), *args]

    def run(
        self, *args: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*args),
            env={**self.env, **(env or {})},
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def start(self, *args: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Starts it without waiting, in a process group of its own."""
        return subprocess.Popen(
            self.command(*args),
            env={**self.env, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            process_group=0,
        )

    @property
    def toolboxes(self) -> Path:
        return self.cache / "pycuda" / "toolbox"

    def leftovers(self) -> list[str]:
        """Returns what a failed build left beside locks and its log."""
        if not self.toolboxes.exists():
            return []
        return sorted(
            path.name
            for path in self.toolboxes.iterdir()
            if path.suffix != ".lock" and path.name != "failed.log"
        )


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[archive.Key]:
    home = Path("/tmp") / f"gpg-{os.getpid()}"  # gpg-agent's socket needs a short path
    home.mkdir(mode=0o700)
    try:
        yield archive.make_key(home, tmp_path_factory.mktemp("key") / "archive.gpg")
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def tiny_package(tmp_path_factory: pytest.TempPathFactory) -> archive.Package:
    """A package with a shell and a few programs, taken from this very machine."""
    return archive.make_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def mirror(signing_key: archive.Key, tiny_package: archive.Package) -> Iterator[Path]:
    """An archive with the suites forky, which is in order, and sid."""
    with _short_folder() as root:
        for suite in ("forky", "sid"):
            archive.add_suite(root, suite, [tiny_package], signing_key)
        yield root


@pytest.fixture
def own_mirror() -> Iterator[Path]:
    """An empty folder for a test's own archive."""
    with _short_folder() as root:
        yield root


@contextlib.contextmanager
def _short_folder() -> Iterator[Path]:
    """apt names an index after its mirror's whole address: in a deep sandbox that is no file name."""
    with tempfile.TemporaryDirectory(prefix="mirror-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def launcher(tmp_path: Path, mirror: Path, signing_key: archive.Key) -> Launcher:
    """The launcher with an empty cache; it makes tiny toolboxes in about two seconds."""
    return make_launcher(tmp_path, mirror, signing_key)


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory, mirror: Path, signing_key: archive.Key) -> Launcher:
    """The launcher with its toolbox already made; for tests that don't change it."""
    result = make_launcher(tmp_path_factory.mktemp("ready"), mirror, signing_key)
    done = result.run("--toolbox-shell", "--", "true")
    assert done.returncode == 0, done.stderr
    return result


def make_launcher(folder: Path, mirror: Path, key: archive.Key) -> Launcher:
    recipe = write_recipe(folder / "recipe.json")
    cache = folder / "cache"
    home = folder / "home"
    home.mkdir()
    env = {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(cache),
        "LANG": "C.UTF-8",
        "APT_MIRROR": f"file://{mirror}",
        "BAZELW_KEYRING": str(key.public),
        "BAZELW_RECIPE": str(recipe),
        "BAZELW_TOOLBOX": "1",
    }
    return Launcher(env, cache)


def write_recipe(path: Path, packages: tuple[str, ...] = ("tiny",), space_mb: int = 1) -> Path:
    recipe = {
        "version": 1,
        "suites": ["forky", "sid"],
        "variant": "extract",
        "space_mb": space_mb,
        "packages": dict.fromkeys(packages, "for the test"),
    }
    path.write_text(json.dumps(recipe))
    return path
