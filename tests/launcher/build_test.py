"""Making a toolbox: once, as a whole or not at all, with checked signatures."""

from __future__ import annotations

import datetime
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.launcher import archive
from tests.launcher.conftest import Launcher, write_recipe


def test_a_second_call_finds_what_the_first_made(launcher: Launcher) -> None:
    first = launcher.run("--toolbox-shell", "--", "cat", "/etc/passwd")
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("root:")
    assert "making the toolbox" in first.stderr
    assert "[1/8] " in first.stderr
    assert " s\n" in first.stderr
    second = launcher.run("--toolbox-shell", "--", "true")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")


def test_racing_calls_make_one(launcher: Launcher) -> None:
    calls = [launcher.start("--toolbox-shell", "--", "true") for _ in range(3)]
    output = [call.communicate(timeout=120)[1] for call in calls]
    assert [call.returncode for call in calls] == [0, 0, 0], output
    assert sum("toolbox ready" in text for text in output) == 1
    assert sum("waiting for it" in text for text in output) == 2
    assert len(launcher.leftovers()) == 1


def test_another_recipe_is_another_toolbox(launcher: Launcher, tmp_path: Path) -> None:
    assert launcher.run("--toolbox-shell", "--", "true").returncode == 0
    other = write_recipe(tmp_path / "other.json", ("tiny", "tiny:all"))
    done = launcher.run("--toolbox-info", env={"BAZELW_RECIPE": str(other)})
    assert "not made yet" in done.stdout
    assert "other toolboxes" in done.stdout
    assert launcher.leftovers()[0] in done.stdout


def test_rebuild_replaces(launcher: Launcher) -> None:
    assert launcher.run("--toolbox-shell", "--", "true").returncode == 0
    (key,) = launcher.leftovers()
    marker = launcher.toolboxes / key / "root" / "etc" / "marker"
    marker.touch()
    done = launcher.run("--toolbox-rebuild")
    assert done.returncode == 0, done.stderr
    assert not marker.exists()
    assert launcher.leftovers() == [key]


def test_info(ready: Launcher, mirror: Path) -> None:
    done = ready.run("--toolbox-info")
    assert done.returncode == 0, done.stderr
    (key,) = ready.leftovers()
    assert key in done.stdout
    assert f"forky, from file://{mirror}" in done.stdout
    assert str(ready.toolboxes / key) in done.stdout
    assert " MB" in done.stdout
    assert str(datetime.datetime.now().year) in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_build_leaves_nothing(launcher: Launcher, number: signal.Signals) -> None:
    call = launcher.start("--toolbox-shell", "--", "true")
    _wait_for(lambda: any((path / "root").exists() for path in launcher.toolboxes.glob("*.tmp.*")))
    os.killpg(call.pid, number)
    _out, error = call.communicate(timeout=60)
    assert call.returncode == -number, error
    assert launcher.leftovers() == []
    assert launcher.run("--toolbox-shell", "--", "true").returncode == 0


def test_what_a_killed_build_left_is_removed_by_the_next(launcher: Launcher) -> None:
    call = launcher.start("--toolbox-shell", "--", "true")
    _wait_for(lambda: any(launcher.toolboxes.glob("*.tmp.*")))
    os.killpg(call.pid, signal.SIGKILL)
    call.communicate(timeout=60)
    assert launcher.leftovers()
    assert launcher.run("--toolbox-shell", "--", "true").returncode == 0
    assert len(launcher.leftovers()) == 1


def _wait_for(condition: object, seconds: float = 30) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def test_a_stale_mirror_is_used(
    launcher: Launcher, own_mirror: Path, signing_key: archive.Key, tiny_package: archive.Package
) -> None:
    old = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=60)
    archive.add_suite(own_mirror, "forky", [tiny_package], signing_key, date=old)
    done = launcher.run("--toolbox-shell", "--", "true", env={"APT_MIRROR": f"file://{own_mirror}"})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("attack", ["altered index", "altered release", "no signature"])
def test_signatures_are_checked(
    launcher: Launcher,
    own_mirror: Path,
    signing_key: archive.Key,
    tiny_package: archive.Package,
    attack: str,
) -> None:
    for suite in ("forky", "sid"):
        folder = archive.add_suite(own_mirror, suite, [tiny_package], signing_key)
        release = folder / "InRelease"
        if attack == "altered index":
            for index in folder.glob("main/*/Packages*"):
                index.unlink()
            (next(folder.glob("main/*")) / "Packages").write_text(
                f"{tiny_package.control}Filename: evil.deb\n"
            )
        elif attack == "altered release":
            release.write_text(release.read_text().replace("Origin: Test", "Origin: Evil"))
        else:
            text = release.read_text()
            plain = text.split("\n\n", 1)[1].split("-----BEGIN PGP SIGNATURE", 1)[0]
            (folder / "Release").write_text(plain)
            release.unlink()
    done = launcher.run("--toolbox-shell", "--", "true", env={"APT_MIRROR": f"file://{own_mirror}"})
    assert done.returncode == 1
    assert "bazelw: error:" in done.stderr
    assert launcher.leftovers() == []


def test_a_key_that_does_not_fit(launcher: Launcher) -> None:
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    done = launcher.run("--toolbox-shell", "--", "true", env={"BAZELW_KEYRING": keyring})
    assert done.returncode == 1
    assert f"can't be verified with {keyring}" in done.stderr
    assert "apt-get install debian-archive-keyring" in done.stderr
    assert launcher.leftovers() == []


def test_unstable_when_testing_cannot_install_the_set(
    launcher: Launcher,
    tmp_path: Path,
    own_mirror: Path,
    signing_key: archive.Key,
    tiny_package: archive.Package,
) -> None:
    (tmp_path / "broken").mkdir()
    broken = archive.make_package(tmp_path / "broken", depends="not-in-testing")
    archive.add_suite(own_mirror, "sid", [tiny_package], signing_key)
    archive.add_suite(own_mirror, "forky", [broken], signing_key)
    shutil.copy(tiny_package.deb, own_mirror / "pool")
    env = {"APT_MIRROR": f"file://{own_mirror}"}
    done = launcher.run("--toolbox-shell", "--", "true", env=env)
    assert done.returncode == 0, done.stderr
    assert "trying the next suite" in done.stderr
    assert "suite:     sid" in launcher.run("--toolbox-info", env=env).stdout


@pytest.mark.parametrize(
    ("env", "message", "remedy"),
    [
        (
            {"APT_MIRROR": "http://nobody:secret@127.0.0.1:9/x"},
            "can't reach the mirror http://127.0.0.1:9/x",
            "proxy",
        ),
        (
            {"APT_MIRROR": "file:///no/such/folder"},
            "no suite sid on the mirror file:///no/such/folder",
            "APT_MIRROR",
        ),
        ({"APT_MIRROR": "mirror"}, "APT_MIRROR=mirror is no address", "give a URL"),
        ({"BAZELW_KEYRING": "/no/such/file"}, "/no/such/file: BAZELW_KEYRING names no file", ""),
        ({"BAZELW_RECIPE": "/no/such/recipe"}, "/no/such/recipe: can't read the toolbox recipe", ""),
        ({"XDG_CACHE_HOME": "/proc/cache"}, "/proc/cache: can't make the toolbox folder", "XDG_CACHE_HOME"),
    ],
)
def test_errors_name_the_remedy(launcher: Launcher, env: dict[str, str], message: str, remedy: str) -> None:
    done = launcher.run("--toolbox-shell", "--", "true", env={"http_proxy": "", **env})
    assert done.returncode == 1
    assert message in done.stderr
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("bazelw: error:") == 1
    assert "secret" not in done.stderr
    log = launcher.toolboxes / "failed.log"
    assert not log.exists() or "secret" not in log.read_text()
    assert launcher.leftovers() == []


def test_no_space_before_anything_is_loaded(launcher: Launcher, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "huge.json", space_mb=10**9)
    done = launcher.run("--toolbox-shell", "--", "true", env={"BAZELW_RECIPE": str(recipe)})
    assert done.returncode == 1
    assert "no space for the toolbox" in done.stderr
    assert "XDG_CACHE_HOME" in done.stderr
    assert launcher.leftovers() == []


def test_no_space_half_way(launcher: Launcher, tmp_path: Path) -> None:
    """On a real file system that is too small, mounted in a namespace of the test's own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        '"$@"; code=$?; '
        'echo "left:" $(ls "$XDG_CACHE_HOME/pycuda/toolbox" | grep -v -e lock -e failed.log); exit $code'
    )
    rights = ["--cap-add", "ALL"] if os.geteuid() == 0 else []
    namespace = [*"bwrap --dev-bind / /".split(), *rights, *"--size 3000000 --tmpfs".split()]
    done = subprocess.run(
        [*namespace, str(disk), "sh", "-c", script, "sh", *launcher.command("--toolbox-shell", "--", "true")],
        env={**launcher.env, "XDG_CACHE_HOME": str(disk)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert "no space for the toolbox" in done.stderr
    assert done.stdout == "left:\n"
