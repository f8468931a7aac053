"""Has the kernel start programs of another architecture by an emulator, for this process and its children.

Since Linux 6.7 a user namespace can have registrations of its own (binfmt_misc), so nobody needs to be root
for this, and nothing of the machine changes: they are gone with the process.
"""

from __future__ import annotations

import ctypes
import os
import tarfile
from pathlib import Path

from tools.common.errors import ToolError

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_PLACE = "/proc/sys/fs/binfmt_misc"

# QEMU's name of the architecture, and ELF's number.
_MACHINES = {"amd64": ("x86_64", 62), "arm64": ("aarch64", 183)}

# Programs and shared objects, whatever system they say they are for.
_MASK = b"\xff" * 7 + b"\0" + b"\xff" * 8 + b"\xfe\xff\xff\xff"


def take_out(package: Path, arch: str, folder: Path) -> Path:
    """Takes the emulator for an architecture out of Debian's qemu-user-static, a layer part.

    Raises:
        ToolError: it isn't there.
    """
    name = f"qemu-{_MACHINES[arch][0]}-static"
    with tarfile.open(package) as part:
        for member in part:
            content = part.extractfile(member) if member.name == f"usr/bin/{name}" else None
            if content is not None:
                (folder / name).write_bytes(content.read())
                (folder / name).chmod(0o755)
                return folder / name
    raise ToolError(f"has no usr/bin/{name}", file=package)


def register(emulator: Path, arch: str) -> None:
    """Registers the emulator; from here on this process is in namespaces of its own.

    Raises:
        OSError: the kernel does not allow it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS):
        raise _failed("a namespace")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path("/proc/self", name).write_text(text, encoding="ascii")
    if libc.mount(b"none", _PLACE.encode(), b"binfmt_misc", 0, None):
        raise _failed(_PLACE)
    Path(_PLACE, "register").write_bytes(registration(emulator, arch))


def registration(emulator: Path, arch: str) -> bytes:
    """The line that the kernel understands. It opens the emulator at once (F), for no root has it."""
    magic = b"\x7fELF\2\1\1" + bytes(9) + b"\2\0" + _MACHINES[arch][1].to_bytes(2, "little")
    path = os.fsencode(emulator)
    (mark, *_) = [mark for mark in (b":", b";", b",", b"|") if mark not in path]
    fields = [b"", b"sdist", b"M", b"", _escaped(magic), _escaped(_MASK), path, b"F"]
    return mark.join(fields)


def _escaped(data: bytes) -> bytes:
    return "".join(f"\\x{byte:02x}" for byte in data).encode("ascii")


def _failed(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), what)
