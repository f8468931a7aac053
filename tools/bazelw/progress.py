"""Says what step the launcher is in and how long it took, on a terminal and in logs alike.

A step is one line on stderr: its name when it begins, its duration when it ends. On a terminal the line
counts seconds while the step runs; in a log nothing but that one line is written.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TextIO


class Progress:
    """A list of steps, numbered as they come."""

    def __init__(self, total: int = 0, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._total = total
        self._number = 0
        self._name = self._detail = ""
        self._began = 0.0
        self._first = time.monotonic()
        self._lock = threading.Lock()
        self._done = threading.Event()

    def step(self, name: str) -> None:
        """Ends the step that runs, if any, and begins the next."""
        self.end()
        with self._lock:
            self._number += 1
            self._name, self._detail, self._began = name, "", time.monotonic()
            self._write(f"{self._title()} ...")
            self._done = threading.Event()
        if self._live:
            threading.Thread(target=self._tick, args=(self._done,), daemon=True).start()

    def detail(self, text: str) -> None:
        """Says what the step is busy with; only a terminal shows it."""
        self._detail = text[:60]

    def end(self, result: str = "") -> None:
        """Ends the step that runs and writes how long it took."""
        with self._lock:
            if not self._name:
                return
            self._done.set()
            seconds = f"{time.monotonic() - self._began:.1f} s"
            if self._live:
                self._write(f"\r\x1b[K{self._title()}: {result or seconds}\n")
            else:
                self._write(f" {result or seconds}\n")
            self._name = ""

    def say(self, text: str) -> None:
        """Writes a line of its own."""
        self.end()
        self._write(f"bazelw: {text}\n")

    def seconds(self) -> float:
        """Returns the time since the first step was made ready."""
        return time.monotonic() - self._first

    def _title(self) -> str:
        number = f"[{self._number}/{self._total}] " if self._total else ""
        return f"bazelw: {number}{self._name}"

    def _tick(self, done: threading.Event) -> None:
        while not done.wait(1.0):
            with self._lock:
                if not done.is_set():
                    seconds = f"{time.monotonic() - self._began:.0f} s"
                    self._write(f"\r\x1b[K{self._title()} ... {seconds} {self._detail}")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
