"""Runs a command as if the launcher weren't there: same terminal, same signals, same exit code.

The command is a child in the launcher's own process group, so Ctrl-C and Ctrl-Z reach it from the terminal
as usual; signals sent to the launcher alone are handed on. bubblewrap's own process would die of the signals
that Bazel handles, and Bazel's exit code with it, so bubblewrap ignores them and the program inside gets the
defaults back (`reset`).
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Callable

_HANDED_ON = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_FROM_KERNEL = 0x80  # si_code of a signal that the terminal sent to the whole process group


def memory_file(content: bytes) -> int:
    """Returns a descriptor of a nameless file with this content."""
    descriptor = os.memfd_create("bazelw")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def reset() -> list[str]:
    """Returns the command prefix that gives a program in bubblewrap the signals it would have had."""
    names = [number.name[3:] for number in _HANDED_ON if signal.getsignal(number) != signal.SIG_IGN]
    return ["/usr/bin/env", f"--default-signal={','.join(names)}"] if names else []


def run(
    command: Sequence[str], env: Mapping[str, str], *, sandbox: bool = False, keep: Sequence[int] = ()
) -> int:
    """Runs a command and returns its wait status, as of os.waitpid.

    Args:
        command: the program, as an absolute path, and its arguments.
        env: its environment.
        sandbox: the command is bubblewrap without its path and --info-fd, which are added here.
        keep: descriptors to pass on.
    """
    watched = {signal.SIGCHLD, *(n for n in _HANDED_ON if signal.getsignal(n) != signal.SIG_IGN)}
    # A handler for SIGCHLD, even an empty one, or the kernel would not queue it.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    info: tuple[int, int] = os.pipe() if sandbox else (-1, -1)
    argv = list(command)
    if sandbox:
        argv[1:1] = ["--info-fd", str(info[1])]
    child = os.fork()
    if child == 0:
        _exec(argv, env, watched, [*keep, info[1]] if sandbox else keep, ignore=sandbox)
    for descriptor in [*keep, info[1]] if sandbox else keep:
        os.close(descriptor)
    target: Callable[[], int] = (lambda: _inner(info[0])) if sandbox else (lambda: child)
    status = _wait(child, target, watched)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, watched - {signal.SIGCHLD})
    return status


def leave(status: int) -> int:
    """Returns the exit code for a wait status; dies of the same signal when the command died of one."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return 128 + number
    return os.WEXITSTATUS(status)


def _exec(
    argv: list[str], env: Mapping[str, str], watched: set[signal.Signals], keep: Sequence[int], ignore: bool
) -> None:
    try:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in watched - {signal.SIGCHLD}:
            signal.signal(number, signal.SIG_IGN if ignore else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
        for descriptor in keep:
            os.set_inheritable(descriptor, True)
        os.execve(argv[0], argv, dict(env))
    except OSError as error:
        os.write(2, f"bazelw: error: {argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(126)


def _wait(child: int, target: Callable[[], int], watched: set[signal.Signals]) -> int:
    sent: dict[int, float] = {}
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        received = signal.sigwaitinfo(watched)
        number = received.si_signo
        if number == signal.SIGCHLD or received.si_code == _FROM_KERNEL:
            continue
        # `timeout` sends to the launcher and to its group; a third Ctrl-C would kill Bazel's server.
        if time.monotonic() - sent.get(number, -1.0) < 0.5:
            continue
        sent[number] = time.monotonic()
        _hand_on(target(), number)


def _hand_on(pid: int, number: int) -> None:
    try:
        if pid:
            os.kill(pid, number)
    except ProcessLookupError:
        pass


_known: list[int] = []


def _inner(descriptor: int) -> int:
    """Returns the process that runs in bubblewrap, which bubblewrap tells as JSON."""
    if not _known:
        text = b""
        while b"}" not in text:
            block = os.read(descriptor, 4096)
            if not block:
                return 0
            text += block
        found: re.Match[bytes] | None = re.search(rb'"child-pid":\s*(\d+)', text)
        _known.append(int(found[1]) if found else 0)
    return _known[0]
