"""Runs a command on a terminal of its own and types on it."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from collections.abc import Mapping, Sequence


def run(
    command: Sequence[str], env: Mapping[str, str], *, wait_for: str, keys: bytes = b"", number: int = 0
) -> tuple[str, int]:
    """Types `keys`, or sends a signal to the command alone, when `wait_for` was printed.

    Returns:
        What the terminal showed, and the exit code, negative for a signal.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(command[0], list(command), dict(env))
    shown = b""
    end = time.monotonic() + 60
    done = False
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                block = os.read(terminal, 4096)
            except OSError:  # the last process has closed the terminal
                break
            if not block:
                break
            shown += block
        if not done and wait_for.encode() in shown:
            done = True
            time.sleep(0.1)
            if keys:
                os.write(terminal, keys)
            if number:
                os.kill(pid, number)
    else:
        os.kill(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(status)
