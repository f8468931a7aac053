"""CPU time of children that have ended, and of servers that run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from tests.benchmark.publishing.cpu import seconds

_BUSY = "import time\nwhile time.process_time() < 0.5: pass\n"
_BOTH = 0.9  # what two of them take, but for the ticks in which the kernel counts
# A server whose work is done by a grandchild of ours that ends, and by one that does not.
_SERVER = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {_BUSY!r}])
worker = subprocess.Popen([sys.executable, "-c", {_BUSY + "print(1, flush=True); time.sleep(60)"!r}])
worker.wait()
"""


def test_children_count_once_they_have_ended() -> None:
    before = seconds([])
    subprocess.run([sys.executable, "-c", _BUSY], check=True)
    assert seconds([]) - before >= 0.45


def test_servers_count_while_they_run_with_all_below_them() -> None:
    before = seconds([])
    with subprocess.Popen([sys.executable, "-c", _SERVER], stdout=subprocess.PIPE, process_group=0) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            deadline = time.monotonic() + 60
            while seconds([server.pid]) - before < _BOTH and time.monotonic() < deadline:
                pass
            assert seconds([server.pid]) - before >= _BOTH
            assert seconds([]) - before < 0.1, "not without being named"
        finally:
            os.killpg(server.pid, signal.SIGKILL)
