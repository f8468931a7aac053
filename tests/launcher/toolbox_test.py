"""Commands in the toolbox behave as on the host: exit codes, signals, terminal, files, environment, speed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.launcher import archive, terminal
from tests.launcher.conftest import WORKSPACE, Launcher
from tools.bazelw import jvm

_TRAPS = 'trap "echo INT; exit 8" INT; trap "echo TERM; exit 9" TERM; trap "echo QUIT; exit 10" QUIT; '
_LOOP = "echo ready; for i in 1 2 3 4 5 6 7 8 9; do sleep 0.3; done; echo end"


def shell(script: str) -> list[str]:
    return ["--toolbox-shell", "--", "bash", "-c", script]


@pytest.mark.parametrize("code", [0, 1, 3, 8, 37, 255])
def test_exit_codes(ready: Launcher, code: int) -> None:
    done = ready.run(*shell(f"exit {code}"))
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_input_output_and_arguments(ready: Launcher) -> None:
    done = ready.run(*shell('cat; echo "$@" >&2'), "sh", "a b", "", "*", stdin="in")
    assert (done.stdout, done.stderr) == ("in", "a b  *\n")


@pytest.mark.parametrize(
    ("keys", "number", "shown", "code"),
    [
        (b"\x03", 0, "INT", 8),
        (b"\x1c", 0, "QUIT", 10),
        (b"", signal.SIGTERM, "TERM", 9),
        (b"", signal.SIGINT, "INT", 8),
    ],
    ids=["Ctrl-C", "Ctrl-backslash", "kill", "kill -INT"],
)
def test_signals_reach_the_program_and_its_exit_code_comes_back(
    ready: Launcher, keys: bytes, number: int, shown: str, code: int
) -> None:
    output, status = terminal.run(
        ready.command(*shell(_TRAPS + _LOOP)), ready.env, wait_for="ready", keys=keys, number=number
    )
    assert shown in output
    assert output.count(shown) == 1, "once"
    assert "end" not in output
    assert status == code


def test_signals_end_a_program_that_does_not_handle_them(ready: Launcher) -> None:
    output, status = terminal.run(ready.command(*shell(_LOOP)), ready.env, wait_for="ready", keys=b"\x03")
    assert "end" not in output
    assert status == 128 + signal.SIGINT


def test_the_program_ends_with_the_launcher(ready: Launcher) -> None:
    call = ready.start(*shell("echo $$; exec sleep 60"))
    assert call.stdout
    inner = int(call.stdout.readline())
    call.kill()
    call.wait(timeout=10)
    end = time.monotonic() + 10
    while Path(f"/proc/{inner}/cmdline").exists() and Path(f"/proc/{inner}/cmdline").read_bytes():
        assert time.monotonic() < end, "still there"
        time.sleep(0.05)


def test_the_terminal_is_the_callers(ready: Launcher) -> None:
    output, status = terminal.run(
        ready.command(*shell("test -t 0 && test -t 1 && test -t 2 && echo terminal; echo done")),
        ready.env,
        wait_for="done",
    )
    assert "terminal" in output
    assert status == 0


def test_the_root_is_the_toolbox_and_read_only(ready: Launcher) -> None:
    done = ready.run(*shell("ls /usr/bin; touch /usr/x /etc/x"))
    assert done.stdout.split() == sorted(archive.PROGRAMS)
    assert done.stderr.count("Read-only file system") == 2


def test_folders_of_the_host_are_where_they_are(ready: Launcher, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    done = ready.run(*shell("cat file; echo; pwd; echo out > new"), cwd=tmp_path)
    assert done.stdout == f"here\n{tmp_path}\n"
    assert (tmp_path / "new").read_text() == "out\n"
    assert str(WORKSPACE) in ready.run(*shell(f"ls -d {WORKSPACE}")).stdout


def test_environment(ready: Launcher) -> None:
    env = {
        "PIP_INDEX_URL": "https://index.test/simple",
        "https_proxy": "http://proxy.test:3128",
        "NO_PROXY": "localhost",
        "CI": "true",
        "LD_LIBRARY_PATH": "/host/lib",
        "PYTHONPATH": "/host/python",
        "JAVA_HOME": "/host/java",
        "CC": "clang-99",
        "CCACHE_DIR": "/ccache",
    }
    lines = ready.run(*shell("env"), env=env).stdout.splitlines()
    for kept in ("PIP_INDEX_URL", "https_proxy", "NO_PROXY", "CI", "CCACHE_DIR", "HOME", "APT_MIRROR"):
        assert f"{kept}={({**ready.env, **env})[kept]}" in lines
    for dropped in ("LD_LIBRARY_PATH", "PYTHONPATH", "JAVA_HOME", "CC", "BAZELW_TOOLBOX"):
        assert not any(line.startswith(f"{dropped}=") for line in lines)
    assert "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" in lines
    assert "BAZELW_INSIDE=toolbox" in lines


def test_files_that_pip_is_told_to_read(ready: Launcher) -> None:
    env = {"PIP_CONSTRAINT": "/usr/share/dpkg", "NETRC": "/etc/debian_version"}
    done = ready.run(*shell("ls -d /usr/share/dpkg /etc/debian_version"), env=env)
    assert done.stdout == "/etc/debian_version\n/usr/share/dpkg\n", done.stderr
    assert ready.run(*shell("ls /etc/debian_version")).returncode != 0


def test_nothing_of_the_host_hides_what_the_toolbox_has(ready: Launcher) -> None:
    """Whatever variables, options and the current folder say."""
    env = {"PIP_FIND_LINKS": "/usr/bin", "XDG_DATA_HOME": "/usr/lib", "SSL_CERT_FILE": "/etc/passwd"}
    options = ["sh", "--output_base=/usr/bin", "--x=/etc/passwd", "/usr/bin"]
    done = ready.run(*shell("ls /usr/bin; cat /etc/passwd"), *options, env=env, cwd=Path("/usr/bin"))
    assert done.stdout.split("\n")[: len(archive.PROGRAMS)] == sorted(archive.PROGRAMS), done.stderr
    assert done.stdout.count("\n") <= len(archive.PROGRAMS) + 2, "root, and the caller"


def test_no_network_is_needed_once_it_is_made(ready: Launcher) -> None:
    env = {"APT_MIRROR": "http://127.0.0.1:9/debian", "http_proxy": "http://127.0.0.1:9"}
    assert ready.run(*shell("exit 5"), env=env).returncode == 5


def test_a_changed_view_is_a_changed_startup_option(ready: Launcher, tmp_path: Path) -> None:
    """Bazel replaces a server whose startup options differ, as it must when the server sees other files."""
    (key,) = ready.leftovers()
    rc = ready.toolboxes / key / "root/etc/bazel.bazelrc"
    rc.write_text("common --config=airgap\n")
    try:
        first = ready.run(*shell("cat /etc/bazel.bazelrc"))
        again = ready.run(*shell("cat /etc/bazel.bazelrc"), cwd=tmp_path)
        other = ready.run(*shell("cat /etc/bazel.bazelrc"), env={"PIP_CERT": "/usr/share/dpkg"})
        named = ready.run(*shell(f"cat {jvm.DIRECTIVES}"))
    finally:
        rc.unlink()
    assert "common --config=airgap\n" in first.stdout
    assert "-Dbazelw.view=" in first.stdout
    assert first.stdout == again.stdout
    assert first.stdout != other.stdout
    assert f"DirectivesFile={jvm.DIRECTIVES}" in first.stdout
    assert json.loads(named.stdout)[-1] == {"match": ["*.*"], "c2": {"Exclude": True}}, named.stderr


def test_overhead(ready: Launcher) -> None:
    """At most 0.3 s, in the best of five calls since other tests may run; about 0.1 s on a quiet machine."""
    times = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run(ready.command("--toolbox-shell", "--", "true"), env=dict(ready.env), check=True)
        times.append(time.monotonic() - began)
    assert min(times) < 0.3, times


def test_no_descriptor_leaks_into_the_program(ready: Launcher) -> None:
    listed = ready.run(*shell("ls /proc/self/fd")).stdout.split()
    assert len(listed) <= 4, listed  # three, and the one with which ls reads the folder


def test_as_a_user(ready: Launcher) -> None:
    assert ready.run(*shell("id -u")).stdout.strip() == str(os.getuid())


def test_a_kernel_without_user_namespaces(launcher: Launcher, ready: Launcher) -> None:
    """Both for making a toolbox and for using one that is there."""
    forbidden = "bwrap --unshare-user --disable-userns --uid 1000 --gid 1000 --dev-bind / / --".split()
    for each in (launcher, ready):
        done = subprocess.run(
            [*forbidden, *each.command("--toolbox-shell", "--", "true")],
            env=dict(each.env),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert "this kernel lets no user make the namespaces" in done.stderr
        assert "run bazelw as root" in done.stderr
    assert launcher.leftovers() == []
