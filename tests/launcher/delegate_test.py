"""Handing over to a bazelisk or bazel on PATH, which is a little real program in each of these tests."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.launcher.conftest import WORKSPACE, Launcher


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def host(tmp_path: Path, bin_folder: Path) -> Launcher:
    """The launcher on a host with programs of its own on PATH, and no way to make a toolbox."""
    env = {
        "PATH": f"{bin_folder}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "USER": "tester",
        "BAZELW_RECIPE": "/no/recipe",
    }
    return Launcher(env, tmp_path / ".cache")


def program(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{body}\n")
    path.chmod(0o755)
    return path


def test_bazelisk_goes_before_bazel(host: Launcher, bin_folder: Path) -> None:
    program(bin_folder, "bazel", "print('bazel')")
    assert host.run("info").stdout == "bazel\n"
    program(bin_folder, "bazelisk", "print('bazelisk')")
    assert host.run("info").stdout == "bazelisk\n"


def test_arguments_input_and_environment_arrive_as_they_are(host: Launcher, bin_folder: Path) -> None:
    program(bin_folder, "bazel", "print(sys.argv[1:], sys.stdin.read(), os.environ['X'], os.getcwd())")
    args = ["run", "", "a b", "*", "$HOME", "--", "--toolbox-info", "é"]
    done = host.run(*args, stdin="text", env={"X": "a\nb"}, cwd=bin_folder)
    assert done.stdout == f"{args} text a\nb {bin_folder}\n"
    assert done.stderr == ""


@pytest.mark.parametrize("code", [0, 1, 3, 7, 8, 37, 255])
def test_exit_codes(host: Launcher, bin_folder: Path, code: int) -> None:
    program(bin_folder, "bazel", f"sys.exit({code})")
    assert host.run("build", "//...").returncode == code


def test_death_by_signal(host: Launcher, bin_folder: Path) -> None:
    program(bin_folder, "bazel", "os.kill(os.getpid(), signal.SIGTERM)")
    assert host.run("build").returncode == -signal.SIGTERM


def test_a_signal_to_the_launcher_arrives(host: Launcher, bin_folder: Path) -> None:
    program(
        bin_folder,
        "bazel",
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\nprint('ready', flush=True)\ntime.sleep(30)",
    )
    call = host.start("build")
    assert call.stdout
    assert call.stdout.readline() == "ready\n"
    call.send_signal(signal.SIGTERM)
    assert call.wait(timeout=10) == 9


def test_ignored_signals_stay_ignored(host: Launcher, bin_folder: Path) -> None:
    program(bin_folder, "bazel", "print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)")
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert host.run("build").stdout == "True\n"
    finally:
        signal.signal(signal.SIGHUP, old)


@pytest.mark.parametrize("how", ["link", "copy"])
def test_the_launcher_itself_on_path_is_passed_over(host: Launcher, bin_folder: Path, how: str) -> None:
    if how == "link":
        (bin_folder / "bazelisk").symlink_to(host.program)
    else:
        shutil.copy(host.program, bin_folder / "bazelisk")
    program(bin_folder, "bazel", "print('bazel')")
    assert host.run("info").stdout == "bazel\n"


def test_a_script_around_the_launcher_does_not_loop(host: Launcher, bin_folder: Path) -> None:
    program(bin_folder, "bazel", f"os.execv({str(host.program)!r}, ['bazelw', *sys.argv[1:]])")
    done = host.run("info")
    assert done.returncode == 1
    assert "/no/recipe" in done.stderr, "the toolbox is what is left"


@pytest.mark.parametrize("depth", ["x", "", "-1", "1.5", "²", "9" * 5000])
def test_a_depth_that_no_launcher_wrote_counts_as_none(host: Launcher, bin_folder: Path, depth: str) -> None:
    program(bin_folder, "bazel", "print(os.environ['BAZELW_DEPTH'])")
    done = host.run("version", env={"BAZELW_DEPTH": depth})
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


@pytest.mark.parametrize(("value", "forced"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_the_toolbox_can_be_forced(host: Launcher, bin_folder: Path, value: str, forced: bool) -> None:
    program(bin_folder, "bazel", "print('bazel')")
    done = host.run("info", env={"BAZELW_TOOLBOX": value})
    assert (done.stdout == "") == forced
    assert ("/no/recipe" in done.stderr) == forced


def test_a_folder_or_a_plain_file_is_no_bazel(host: Launcher, bin_folder: Path) -> None:
    (bin_folder / "bazelisk").mkdir()
    (bin_folder / "bazel").write_text("no program")
    done = host.run("info", env={"PATH": str(bin_folder)})
    assert "/no/recipe" in done.stderr


@pytest.mark.parametrize("args", [[], ["help"], ["--help"], ["-h"]])
def test_help_is_of_bazel_and_then_of_the_launcher(host: Launcher, bin_folder: Path, args: list[str]) -> None:
    program(bin_folder, "bazel", "print('Usage: bazel')")
    lines = host.run(*args).stdout.splitlines()
    assert lines[0] == "Usage: bazel"
    for option in (
        "--toolbox-info",
        "--toolbox-shell",
        "--toolbox-rebuild",
        "BAZELW_TOOLBOX=1",
        "APT_MIRROR",
    ):
        assert any(option in line for line in lines), option


def test_help_about_a_command_is_of_bazel_alone(host: Launcher, bin_folder: Path) -> None:
    program(bin_folder, "bazel", "print('Usage: bazel build')")
    assert host.run("help", "build").stdout == "Usage: bazel build\n"


def test_unknown_toolbox_options(host: Launcher) -> None:
    done = host.run("--toolbox-infos")
    assert done.returncode == 1
    assert "unknown option --toolbox-infos" in done.stderr


_REGISTRY = "ERROR: Error computing main repo mapping: Error accessing registry https://r.test/: Unknown host"


def command_log(home: Path, workspace: Path) -> Path:
    """Where Bazel writes the output of a command by default."""
    digest = hashlib.md5(str(workspace).encode()).hexdigest()
    return home / ".cache/bazel/_bazel_tester" / digest / "command.log"


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        (_REGISTRY, 32, True),
        ("Error downloading [https://a.test/x.tar.gz] to /x: Unknown host: a.test", 1, True),
        ("//a:b FAILED in 3 s", 3, False),
        ("ERROR: no such package", 1, False),
        (_REGISTRY, 0, False),
    ],
)
def test_the_toolbox_is_named_when_the_registry_is_out_of_reach(
    host: Launcher, bin_folder: Path, tmp_path: Path, text: str, code: int, hint: bool
) -> None:
    workspace = tmp_path / "workspace"
    (workspace / "sub").mkdir(parents=True)
    (workspace / "MODULE.bazel").touch()
    log = command_log(tmp_path, workspace)
    log.parent.mkdir(parents=True)
    program(bin_folder, "bazel", f"open({str(log)!r}, 'w').write({text!r})\nsys.exit({code})")
    done = host.run("build", "//x y", cwd=workspace / "sub")
    assert done.returncode == code
    assert ("BAZELW_TOOLBOX=1 ./bazelw build '//x y'" in done.stderr) == hint
    assert done.stderr.count("\n") == (2 if hint else 0)


def test_an_old_log_says_nothing(host: Launcher, bin_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "MODULE.bazel").touch()
    log = command_log(tmp_path, tmp_path)
    log.parent.mkdir(parents=True)
    log.write_text(_REGISTRY)
    os.utime(log, (1, 1))
    program(bin_folder, "bazel", "sys.exit(3)")
    assert host.run("test", cwd=tmp_path).stderr == ""


def test_a_bazelisk_that_gives_up_early(host: Launcher, bin_folder: Path) -> None:
    program(bin_folder, "bazelisk", "print('could not download Bazel', file=sys.stderr)\nsys.exit(1)")
    done = host.run("build")
    assert done.returncode == 1
    assert "failed before it ran a command" in done.stderr
    assert "BAZELW_TOOLBOX=1 ./bazelw build" in done.stderr


def test_nothing_is_written_into_the_checkout(host: Launcher, bin_folder: Path) -> None:
    program(bin_folder, "bazel", "pass")
    host.run("info")
    assert not list((WORKSPACE / "tools" / "bazelw").glob("**/__pycache__"))
