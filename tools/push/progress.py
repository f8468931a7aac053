"""What a push says while it works: a line for each blob on a terminal, a line for each image elsewhere."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from tools.push.job import UP_TO_DATE, WOULD_PUSH, Job
from tools.why.table import megabytes

_PERIOD = 0.1
_QUIET = 5.0
_BAR = 20
_DIGEST = 19  # as much of one as tells blobs apart
_COLUMNS, _ROWS = 80, 24


class Line:
    """How far one blob has come."""

    def __init__(self, label: str, size: int) -> None:
        self._label, self._size = label, size
        self._position = 0

    def at(self, position: int) -> None:
        """So much has arrived."""
        self._position = position

    def text(self, columns: int) -> str:
        """The line: where it is too long, the label is cut, and then there is no bar; the figures stay."""
        share = self._position / self._size if self._size else 1.0
        bar = f"[{'#' * int(_BAR * share):<{_BAR}}] "
        figures = f"{megabytes(self._position)} of {megabytes(self._size)}"
        room = columns - len(f"    {figures}")
        if room - len(bar) >= _DIGEST:
            room -= len(bar)
            figures = bar + figures
        return f"  {self._label[: max(0, room)]}  {figures}"[:columns]


class Progress:
    """Shows what is going on.

    Args:
        stream: where to.
        terminal: whether lines there can be drawn anew.
    """

    def __init__(self, stream: TextIO, *, terminal: bool) -> None:
        self._stream, self._terminal = stream, terminal
        self._lines: list[Line] = []
        self._drawn = 0
        self._quiet_until = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Progress:
        if self._terminal:
            self._thread = threading.Thread(target=self._redraw, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
        with self._lock:
            self._lines.clear()
            self._draw()

    @contextmanager
    def blob(self, digest: str, size: int, repository: str) -> Iterator[Line]:
        """A blob that is being sent."""
        line = Line(f"{digest[:19]}  {repository}", size)
        with self._lock:
            self._lines.append(line)
        try:
            yield line
        finally:
            with self._lock:
                if line in self._lines:
                    self._lines.remove(line)

    def image(self, job: Job) -> None:
        """An image that is done with."""
        with self._lock:
            self._say(told(job))

    def waiting(self, text: str) -> None:
        """Something that takes long; what has to wait with it, in the same seconds, is not told."""
        now = time.monotonic()
        with self._lock:
            if now >= self._quiet_until:
                self._quiet_until = now + _QUIET
                self._say(text)

    def _say(self, text: str) -> None:
        self._erase()
        print(text, file=self._stream, flush=True)
        self._draw()

    def _redraw(self) -> None:
        while not self._stop.wait(_PERIOD):
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        if not self._terminal:
            return
        self._erase()
        columns, rows = self._size()
        for line in self._lines[: max(1, rows - 2)]:
            self._stream.write(line.text(columns - 1) + "\n")
            self._drawn += 1
        self._stream.flush()

    def _size(self) -> tuple[int, int]:
        """Columns and rows of the terminal that is written to; stdout may be another, or none."""
        try:
            size = os.get_terminal_size(self._stream.fileno())
        except OSError:
            return _COLUMNS, _ROWS
        return size.columns or _COLUMNS, size.lines or _ROWS

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0


def told(job: Job) -> str:
    """What is said of an image at its end."""
    if job.state == UP_TO_DATE:
        return f"{job.name}: {job.state}"
    if job.error:
        return f"{job.name}: {job.state}"
    doing = "to send" if job.state == WOULD_PUSH else "sent"
    return f"{job.name}: {megabytes(job.sent)} {doing}, {duration(job.seconds)}"


def duration(seconds: float) -> str:
    """`0.4 s`, `75.0 s`."""
    return f"{seconds:.1f} s"
