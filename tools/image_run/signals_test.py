"""Signals and terminals: what reaches the program, and what does not outlive the tool."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.image_run.testing_tool import Tool


def test_program_that_dies_of_a_signal(tool: Tool) -> None:
    assert tool.run("sh", "-c", "kill -9 $$").returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
@pytest.mark.parametrize("user", ["0", "app"])
def test_signals_reach_the_program(tool: Tool, number: signal.Signals, user: str) -> None:
    script = f"trap 'echo caught; exit 5' {number.name.removeprefix('SIG')}; echo ready; sleep 20 & wait"
    with subprocess.Popen(
        tool.line("--user", user, "sh", "-c", script), env=tool.env(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        began = time.monotonic()
        process.send_signal(number)
        assert process.stdout.read() == "caught\n"
        assert process.wait() == 5
    assert time.monotonic() - began < 10


def test_ctrl_c_lets_the_program_finish(tool: Tool) -> None:
    """A terminal sends SIGINT to the whole process group, bubblewrap included, were it in there."""
    script = "trap 'sleep 0.3; echo tidied; exit 5' INT; echo ready; sleep 20 & wait"
    with subprocess.Popen(
        tool.line("sh", "-c", script),
        env=tool.env(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert (process.stdout.read(), process.wait()) == ("tidied\n", 5)


def test_a_shell_on_a_terminal_has_job_control(tool: Tool) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(sys.executable, tool.line("--env", "PS1=prompt>", "bash", "--norc"), tool.env())
    _expect(terminal, b"prompt>")
    os.write(terminal, b"sleep 300\n")
    time.sleep(0.5)
    os.write(terminal, b"\x03")  # ends sleep, not the shell
    _expect(terminal, b"prompt>")
    os.write(terminal, b"echo $((6 * 7)); exit 3\n")
    _expect(terminal, b"42")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 3


def _expect(terminal: int, text: bytes) -> None:
    seen = b""
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], 20)
        assert ready, f"waited for {text!r}, got {seen!r}"
        seen += os.read(terminal, 1024)
        assert b"no job control" not in seen


def test_nothing_survives_the_tool(tool: Tool, tmp_path: Path) -> None:
    script = "while :; do touch /seen/beat; sleep 0.1; done"
    with subprocess.Popen(
        tool.line("--bind", f"{tmp_path}:/seen", "sh", "-c", script), env=tool.env()
    ) as process:
        _wait_for((tmp_path / "beat").exists)
        process.kill()
    _wait_for(lambda: _age(tmp_path / "beat") > 1)


def _age(file: Path) -> float:
    return time.time() - file.stat().st_mtime


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
