"""A server of Bazel is watched when a toolbox is made; where that cannot be, the toolbox works as well."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.launcher import archive
from tests.launcher.conftest import Launcher, write_recipe
from tools.bazelw import jvm, training


def with_bazel(launcher: Launcher, mirror: Path, key: archive.Key, script: str) -> Launcher:
    """The launcher with a toolbox to make that has a script in place of Bazel."""
    folder = launcher.cache.parent / "bazel"
    folder.mkdir()
    package = archive.make_package(folder, name=training.PACKAGE, bazel=script)
    for suite in ("forky", "sid"):
        archive.add_suite(mirror, suite, [package], key)
    recipe = write_recipe(folder / "recipe.json", (training.PACKAGE,))
    env = {**launcher.env, "APT_MIRROR": f"file://{mirror}", "BAZELW_RECIPE": str(recipe)}
    return Launcher(env, launcher.cache)


@pytest.mark.parametrize("script", ["echo HELLO; exit 37", "echo HELLO"], ids=["fails", "leaves nothing"])
def test_a_toolbox_without_the_cache(
    launcher: Launcher, own_mirror: Path, signing_key: archive.Key, script: str
) -> None:
    here = with_bazel(launcher, own_mirror, signing_key, script)
    done = here.run("--toolbox-shell", "--", "cat", "/etc/passwd")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("root:")
    assert "/9] watching Bazel build" in done.stderr
    assert "will take a second longer to start" in done.stderr
    (key,) = here.leftovers()
    toolbox = here.toolboxes / key
    assert "HELLO" in (toolbox / "build.log").read_text().splitlines()
    assert not (toolbox / "training").exists()
    assert jvm.CACHE not in "".join(jvm.options(str(toolbox / "root")))


def test_a_cache_that_was_left_is_used(
    launcher: Launcher, own_mirror: Path, signing_key: archive.Key
) -> None:
    script = 'for each; do case $each in *AOTCacheOutput=*) echo x > "${each##*=}";; esac; done'
    here = with_bazel(launcher, own_mirror, signing_key, script)
    done = here.run("--toolbox-shell", "--", "cat", jvm.CACHE)
    assert (done.returncode, done.stdout) == (0, "x\n"), done.stderr
    assert "longer" not in done.stderr
    (key,) = here.leftovers()
    assert f"-XX:AOTCache={jvm.CACHE}" in jvm.options(str(here.toolboxes / key / "root"))


def test_an_interrupt_ends_the_server_that_is_watched(
    launcher: Launcher, own_mirror: Path, signing_key: archive.Key
) -> None:
    stuck = f"{os.getpid()}.25"  # seconds, by which the script's processes are known
    here = with_bazel(launcher, own_mirror, signing_key, f"setsid sleep {stuck} & sleep {stuck}")
    call = here.start("--toolbox-shell", "--", "true")
    _wait(lambda: len(_processes(stuck)) == 2)
    os.killpg(call.pid, signal.SIGINT)
    call.communicate(timeout=60)
    assert call.returncode == -signal.SIGINT
    _wait(lambda: not _processes(stuck))
    assert here.leftovers() == []


def _processes(seconds: str) -> list[str]:
    pgrep = shutil.which("pgrep")
    assert pgrep
    found = subprocess.run([pgrep, "-fx", f"sleep {seconds}"], capture_output=True, text=True)
    return found.stdout.split()


def _wait(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)
