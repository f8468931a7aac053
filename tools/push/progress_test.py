"""What a push shows on a terminal."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tools.push.progress import Line, Progress

DIGEST = "sha256:0123456789ab"
_ROOT = Path(__file__).absolute().parents[2]
_PROGRAM = """
import sys, time
from tools.push.progress import Progress

with Progress(sys.stderr, terminal=True) as progress:
    with progress.blob("sha256:0123456789abcdef", 300_000_000, "team/a/rather/long/name") as line:
        time.sleep(0.8)
        line.at(150_000_000)
        time.sleep(0.8)
print("{}")
"""


def on_a_terminal(columns: int) -> tuple[str, str]:
    """What a program shows on a terminal that is its stderr, and what of it goes into a pipe."""
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=environ, check=True, stdout=subprocess.PIPE, stderr=terminal
    )
    os.close(terminal)
    shown = b""
    try:
        while block := os.read(master, 4096):
            shown += block
    except OSError:  # nobody has it open any more
        pass
    os.close(master)
    return shown.decode(), done.stdout.decode()


def test_lines_fit_the_terminal_though_stdout_is_a_pipe() -> None:
    """What wraps takes two rows, and would not be erased."""
    shown, printed = on_a_terminal(40)
    assert printed == "{}\n"
    drawn = re.sub(r"\x1b\[\d*[AJ]", "", shown).splitlines()
    assert set(drawn) == {f"  {DIGEST[:17]}  0.0 kB of 300.0 MB", f"  {DIGEST[:15]}  150.0 MB of 300.0 MB"}
    assert max(map(len, drawn)) == 39
    assert shown.count("\n") == shown.count("\x1b[1A\x1b[J"), "each line is erased"


def test_on_a_wide_terminal_there_is_a_bar() -> None:
    shown, _ = on_a_terminal(100)
    assert f"  {DIGEST}  team/a/rather/long/name  [{'#' * 10:<20}] 150.0 MB of 300.0 MB\r\n" in shown


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (99, f"  {DIGEST}  team/app  [#####               ] 0.5 MB of 2.0 MB"),
        (70, f"  {DIGEST}  team/a  [#####               ] 0.5 MB of 2.0 MB"),
        (62, f"  {DIGEST}  [#####               ] 0.5 MB of 2.0 MB"),
        (59, f"  {DIGEST}  team/app  0.5 MB of 2.0 MB"),
        (39, f"  {DIGEST}  0.5 MB of 2.0 MB"),
        (30, "  sha256:012  0.5 MB of 2.0 MB"),
        (20, "    0.5 MB of 2.0 MB"),
        (10, "    0.5 MB"),
    ],
)
def test_the_label_is_cut_before_the_figures(columns: int, text: str) -> None:
    line = Line(f"{DIGEST}  team/app", 2_000_000)
    line.at(500_000)
    assert line.text(columns) == text


def test_what_waits_together_is_told_once() -> None:
    said = io.StringIO()
    with Progress(said, terminal=False) as progress:
        progress.waiting("goes on in 30 s")
        progress.waiting("goes on in 31 s")
    assert said.getvalue() == "goes on in 30 s\n"
