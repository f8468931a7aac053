"""Shows a root that is being installed the host's devices, /proc and /sys; the argument is its folder.

mmdebstrap calls it (--extract-hook) in the mount namespace of an unprivileged build, where its own mounts of
new file systems are forbidden and binding is not. It does without the host's `mount`, which may be missing.
"""

from __future__ import annotations

import ctypes
import os
import sys

_BIND, _RECURSIVE = 0x1000, 0x4000
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def bind(source: str, target: str) -> None:
    """Mounts a file or folder of the host, with all that is mounted below."""
    mount = ctypes.CDLL(None, use_errno=True).mount
    if mount(source.encode(), target.encode(), None, ctypes.c_ulong(_BIND | _RECURSIVE), None) != 0:
        sys.exit(f"mount_hook: {source} on {target}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    ROOT = sys.argv[1]
    for name in _DEVICES:
        with open(f"{ROOT}/dev/{name}", "w", encoding="utf-8"):
            pass
        bind(f"/dev/{name}", f"{ROOT}/dev/{name}")
    bind("/proc", f"{ROOT}/proc")
    bind("/sys", f"{ROOT}/sys")
