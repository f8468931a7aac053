"""Whether this machine starts programs of an architecture: its own, or one that it has an emulator for.

A program of some bytes is started in an empty root, which is what programs of an image find: an emulator that
the kernel doesn't keep open (binfmt_misc's flag F) is not there either.
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
from pathlib import Path

from tools.image_run.sandbox import Host, Program, View, arguments

_BASE = 0x400000
_HEADERS = 64 + 56

# ELF's number of the machine, and exit(0) for it.
_EXIT = {
    "amd64": (62, bytes.fromhex("31ff b83c000000 0f05")),
    "arm64": (183, bytes.fromhex("000080d2 a80b80d2 010000d4")),
}


def tiny_program(arch: str) -> bytes:
    """A static program that ends at once."""
    machine, code = _EXIT[arch]
    size = _HEADERS + len(code)
    ident = b"\x7fELF\2\1\1" + bytes(9)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", ident, 2, machine, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return header + segment + code


def starts(arch: str, host: Host) -> bool:
    """Tries it, in bubblewrap."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        root.chmod(0o755)
        for name in ("dev", "proc", "tmp"):
            (root / name).mkdir()
        (root / "exit").write_bytes(tiny_program(arch))
        (root / "exit").chmod(0o755)
        line = arguments(Program(root, ("/exit",), view=View.READ_ONLY), host)
        return subprocess.run(line, capture_output=True, check=False).returncode == 0
