"""The bubblewrap command line for a program in an image's root, as a pure function of what is wanted.

Namespaces are all new (network on request). The root is one of three views:
* overlay: the unpacked root below, writes above it in memory and gone at the end;
* read-only: the same, or without overlay the root itself, mounted read-only;
* direct: the root itself, writable, for a root that the caller made for this run.
"""

import enum
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from tools.common.errors import ToolError
from tools.image_run.account import Account
from tools.image_run.scoped import resolve

# What the root user of a container may do elsewhere too, so that apt and dpkg work as they do there.
_CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
)
_STAGE = "/mnt/root"
_ISOLATE = ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")


class View(enum.StrEnum):
    """How the root directory is shown to the program."""

    OVERLAY = "overlay"
    READ_ONLY = "read-only"
    DIRECT = "direct"


@dataclass(frozen=True)
class Host:
    """What this machine's kernel and bubblewrap can do; `probe` in host.py finds out."""

    bwrap: str
    overlay: bool = True
    new_proc: bool = True
    owners: bool = False
    setpriv: str = ""


@dataclass(frozen=True)
class Bind:
    """A file or directory of this machine shown at a place in the image."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class Program:
    """What to start: a command in a root, as a user, with an environment."""

    root: Path
    command: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    account: Account = field(default_factory=Account)
    view: View = View.OVERLAY
    network: bool = False
    binds: tuple[Bind, ...] = ()
    hostname: str = "image"
    terminal: bool = False


def arguments(program: Program, host: Host, status: int | None = None) -> list[str]:
    """The complete command line, the program to execute first.

    Args:
        program: what to start.
        host: what this machine can do.
        status: file descriptor for bubblewrap's --json-status-fd.
    """
    program = replace(program, binds=tuple(_placed(bind, program, host) for bind in program.binds))
    if host.setpriv and program.account.uid != 0:
        return _as_user(program, host, status)
    return _line(program, host, status)


def _line(program: Program, host: Host, status: int | None) -> list[str]:
    line = [host.bwrap, *_isolation(program, status), *_identity(program.account, host)]
    return line + _mounts(program, host, "") + _proc(host) + _ending(program)


def _as_user(program: Program, host: Host, status: int | None) -> list[str]:
    """Becomes the user first, so that the kernel itself tells the user's files from those of root.

    Bubblewrap's --uid alone would show root's files as the user's own. An outer bubblewrap arranges the
    mounts while it is still root, at a place that the user can reach wherever the root is kept.
    """
    line = [host.bwrap, "--die-with-parent", "--bind", "/", "/", "--dev-bind", "/dev", "/dev"]
    line += ["--perms", "0755", "--tmpfs", os.path.dirname(_STAGE), *_mounts(program, host, _STAGE)]
    uid, gid = str(program.account.uid), str(program.account.gid)
    line += ["--", host.setpriv, "--reuid", uid, "--regid", gid, "--clear-groups", "--"]
    inner = replace(host, owners=False)
    line += [host.bwrap, *_isolation(program, status), *_identity(program.account, inner)]
    return [*line, "--dev-bind", _STAGE, "/", *_proc(host), *_ending(program)]


def _isolation(program: Program, status: int | None) -> list[str]:
    line = [*_ISOLATE, "--die-with-parent", "--hostname", program.hostname]
    line += [] if status is None else ["--json-status-fd", str(status)]
    line += [] if program.network else ["--unshare-net"]
    return line + ([] if program.terminal else ["--new-session"])


def _identity(account: Account, host: Host) -> list[str]:
    if host.owners and account.uid == 0:
        line = ["--cap-drop", "ALL"]
        for capability in _CAPABILITIES:
            line += ["--cap-add", capability]
        return line
    return ["--unshare-user", "--uid", str(account.uid), "--gid", str(account.gid), "--cap-drop", "ALL"]


def _mounts(program: Program, host: Host, base: str) -> list[str]:
    line = _root(program, host, base or "/")
    line += ["--dev", f"{base}/dev", "--dir", f"{base}/proc", "--perms", "1777", "--tmpfs", f"{base}/tmp"]
    for bind in program.binds:
        line += ["--ro-bind" if bind.read_only else "--bind", str(bind.source), base + bind.target]
    if program.view is View.READ_ONLY and host.overlay:
        line += ["--remount-ro", base or "/"]
    return line


def _root(program: Program, host: Host, place: str) -> list[str]:
    root = str(program.root)
    if program.view is View.DIRECT:
        return ["--bind", root, place]
    if host.overlay:
        return ["--overlay-src", root, "--tmp-overlay", place]
    if program.view is View.READ_ONLY:
        return ["--ro-bind", root, place]
    raise ToolError(
        "this machine cannot show an image with a throw-away layer above it",
        remedy="install bubblewrap 0.11 or later, or use --read-only",
    )


def _proc(host: Host) -> list[str]:
    return ["--proc", "/proc"] if host.new_proc else ["--ro-bind", "/proc", "/proc"]


def _ending(program: Program) -> list[str]:
    line = ["--clearenv"]
    for name, value in sorted(program.env.items()):
        line += ["--setenv", name, value]
    return [*line, "--chdir", program.workdir, "--", *program.command]


def _placed(bind: Bind, program: Program, host: Host) -> Bind:
    """The same bind with real paths on both sides, so that symlinks in the image lead to nowhere else."""
    if not bind.target.startswith("/"):
        raise ToolError(
            f"cannot bind {bind.source} to {bind.target!r}: the place in the image must start with /"
        )
    if not bind.source.exists():
        raise ToolError(f"cannot bind {bind.source}: there is no such file or directory")
    root = str(program.root)
    place = resolve(root, bind.target)
    if (
        place is None
        and program.view is View.READ_ONLY
        and not host.overlay
        and not bind.target.startswith("/tmp/")
    ):
        raise ToolError(
            f"cannot bind to {bind.target}: a read-only image must have that place already",
            remedy="install bubblewrap 0.11 or later, or bind to a place below /tmp",
        )
    target = bind.target if place is None else place.removeprefix(root) or "/"
    return replace(bind, source=bind.source.resolve(), target=target)
