"""The fixture of lock_test and refusal_test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.apt_lock.locker import DEBS, Locker


@pytest.fixture
def locker() -> Iterator[Locker]:
    # apt makes file names of whole paths, and those of pytest below Bazel's are too long for that.
    with tempfile.TemporaryDirectory(prefix="locker-") as folder:
        yield Locker(Path(folder), DEBS)
