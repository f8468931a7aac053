"""Lets a user without privileges install a Debian root, where the kernel allows user namespaces.

bubblewrap makes a user namespace in which the user is root and the only user there is. Package installation
wants more: to give files to other users, and to become them. A seccomp filter answers those system calls with
success without doing anything, so that everything belongs to the user and every package believes otherwise.
(newuidmap could map more users, but is one more package on the host, and needs a range given to the user.)

mmdebstrap can't mount new file systems there; mount_hook.py binds the host's /dev, /proc and /sys instead.
"""

from __future__ import annotations

import os
import shlex
import struct
import subprocess

from tools.bazelw.errors import LauncherError

# The architecture as in linux/audit.h; then the numbers of chown, fchown, lchown, fchownat, setuid, setgid,
# setreuid, setregid, setgroups, setresuid, setresgid, setfsuid and setfsgid, as far as it has them.
_CALLS: dict[str, tuple[int, tuple[int, ...]]] = {
    "x86_64": (0xC000003E, (92, 93, 94, 260, 105, 106, 113, 114, 116, 117, 119, 122, 123)),
    "aarch64": (0xC00000B7, (55, 54, 146, 144, 145, 143, 159, 147, 149, 151, 152)),
}
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _SUCCEED = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO with number 0
_MANY_USERS = 1000  # Debian's packages use numbers below
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data

_HOOK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mount_hook.py")
# Names of other versions of mmdebstrap are ignored by each.
OPTIONS = (
    "--skip=check/canmount",
    "--skip=chroot/mount",
    f'--extract-hook=/usr/bin/python3 -IS {shlex.quote(_HOOK)} "$1"',
    '--aptopt=APT::Sandbox::User "root"',
)
_SYSCTLS = (  # file, values that forbid, remedy
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        ("0",),
        "sysctl -w kernel.unprivileged_userns_clone=1",
    ),
    ("/proc/sys/user/max_user_namespaces", ("0", "1"), "sysctl -w user.max_user_namespaces=15000"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        ("1",),
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)


def needed() -> bool:
    """Says whether this process lacks the rights of root, or is root of a namespace with few users."""
    if os.geteuid() != 0:
        return True
    ranges = (line.split() for line in _content("/proc/self/uid_map").splitlines())
    return sum(int(count) for _inside, _outside, count in ranges) < _MANY_USERS


def bubblewrap(bwrap: str) -> list[str]:
    """Returns the start of a bubblewrap command whose program is root, in a namespace if need be."""
    namespace = "--unshare-user --uid 0 --gid 0".split() if needed() else []
    return [bwrap, *namespace, "--cap-add", "ALL"]


def prefix(bwrap: str, filter_descriptor: int) -> list[str]:
    """Returns what to put before a command that is to believe that it is root."""
    return [*bubblewrap(bwrap), "--dev-bind", "/", "/", "--seccomp", str(filter_descriptor)]


def seccomp_filter(machine: str) -> bytes:
    """Returns the program that turns changes of owner and user into successful no-ops."""
    if machine not in _CALLS:
        raise LauncherError(
            f"can't make a toolbox on {machine} without being root", remedy="run bazelw as root"
        )
    architecture, calls = _CALLS[machine]
    count = len(calls)
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 0, count + 1, architecture),
        (_LOAD, 0, 0, _NUMBER),
    ]
    program += [(_JUMP_IF_EQUAL, count - index, 0, call) for index, call in enumerate(calls)]
    program += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _SUCCEED)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def check(bwrap: str) -> None:
    """Fails with the remedy when bubblewrap can't set up namespaces, as the caller or as root."""
    done = subprocess.run(
        [*bubblewrap(bwrap), "--dev-bind", "/", "/", "true"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    said = "".join(f"\n| {line}" for line in done.stderr.splitlines()[-3:])
    if not needed():
        raise LauncherError(
            "bubblewrap can't set up the toolbox here: this container may not mount anything",
            remedy="give the container CAP_SYS_ADMIN and no seccomp or AppArmor profile, as docker run "
            f"--privileged does, or install bazelisk{said}",
        )
    commands = [command for path, values, command in _SYSCTLS if _content(path) in values]
    remedy = f"as root: {' && '.join(commands)}\nor " if commands else ""
    raise LauncherError(
        "this kernel lets no user make the namespaces that the toolbox needs",
        remedy=f"{remedy}run bazelw as root, or install bazelisk{said}",
    )


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read().strip()
    except OSError:
        return ""
