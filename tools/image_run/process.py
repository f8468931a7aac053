"""Starts a bubblewrap command line, passes signals in and the exit code out.

Bubblewrap itself forwards no signals: it dies of them, and its program with it. So it gets a session of
its own, and what arrives here is sent to the process group of the program instead. A shell on a terminal
is different: it must share the terminal's session to have job control, and then gets Ctrl-C by itself.
"""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from tools.common.errors import ToolError

_FORWARDED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
)
_BY_TERMINAL = frozenset((signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH))


def start(line: Callable[[int], Sequence[str]], *, terminal: bool, quiet: bool = False) -> int:
    """Runs a program in bubblewrap and returns its exit code, 128+N for signal N.

    Args:
        line: gives the command line for the file descriptor that bubblewrap reports to.
        terminal: whether the program is a shell on a terminal.
        quiet: whether its standard output is dropped.
    """
    reader, writer = os.pipe()
    finished = False
    with open(reader, encoding="utf-8") as status, _Forwarder(terminal).installed() as forwarder:
        process = subprocess.Popen(
            line(writer),
            pass_fds=[writer],
            start_new_session=not terminal,
            stdout=subprocess.DEVNULL if quiet else None,
        )
        os.close(writer)
        for message in map(json.loads, status):
            forwarder.leader = message.get("child-pid", forwarder.leader)
            forwarder.catch_up()
            finished = finished or "exit-code" in message
        code = process.wait()
    if code < 0:
        return 128 - code
    if code and not finished:
        raise ToolError("bubblewrap did not get as far as starting the program; its own message is above")
    return code


class _Forwarder:
    """Sends signals on to the program, or keeps them until there is one."""

    def __init__(self, terminal: bool) -> None:
        self.leader = 0
        self._terminal = terminal
        self._waiting: list[int] = []

    @contextmanager
    def installed(self) -> Iterator["_Forwarder"]:
        """Takes over the signals while the program runs."""
        before = {number: signal.signal(number, self._handle) for number in _FORWARDED}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def catch_up(self) -> None:
        """Delivers what came before the program was there."""
        while self.leader and self._waiting:
            self._send(self._waiting.pop(0))

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._terminal and number in _BY_TERMINAL:
            return
        self._waiting.append(number)
        self.catch_up()

    def _send(self, number: int) -> None:
        try:
            # Bubblewrap's process 1 leads the group and the kernel shields it, so only the program is hit.
            if self._terminal:
                for child in _children(self.leader):
                    os.kill(child, number)
            else:
                os.killpg(self.leader, number)
        except ProcessLookupError:
            pass


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as table:
            return [int(each) for each in table.read().split()]
    except OSError:
        return []
