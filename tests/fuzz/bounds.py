"""How much time and memory a tool may take for what is no good."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SECONDS = 0.05
_TRIES = 4


@contextmanager
def bounded(most: int) -> Iterator[None]:
    """No more than so many bytes are in use at a time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def at_once(work: Callable[[], object]) -> None:
    """The work takes less than 50 ms of CPU time, in one of a few tries, as machines are noisy."""
    took = [_cpu_seconds(work)]
    while took[-1] >= _SECONDS:
        assert len(took) < _TRIES, took
        took.append(_cpu_seconds(work))


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
