"""Finds out what this machine allows, by starting bubblewrap on nothing in particular.

Kernels and outer sandboxes differ in what they permit, and no version number tells; a trial takes
hundredths of a second.
"""

import shutil
import subprocess
import tempfile
from dataclasses import replace

from tools.common.errors import ToolError
from tools.image_run.sandbox import Host
from tools.image_run.unpack import can_set_owners

_MISSING = "bubblewrap is not installed: no program bwrap on PATH"
_INSTALL = "as root: apt-get install bubblewrap"
_FORBIDDEN = (
    "user namespaces may be switched off here: see the sysctl settings user.max_user_namespaces,\n"
    "kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns, or work as root"
)


def find_bwrap(given: str | None = None) -> str:
    """The path of bubblewrap: the given one, or the one on PATH."""
    found = shutil.which(given or "bwrap")
    if found is None:
        raise ToolError(f"{given}: no such program" if given else _MISSING, remedy=_INSTALL)
    return found


def probe(bwrap: str) -> Host:
    """The abilities of this machine with this bubblewrap."""
    owners = can_set_owners()
    best = Host(bwrap, owners=owners, setpriv=shutil.which("setpriv") or "" if owners else "")
    if not _trial(best):
        return best
    host = replace(best, overlay=False, new_proc=False)
    if problem := _trial(host):
        raise ToolError(f"bubblewrap cannot start a program: {problem}", remedy=_FORBIDDEN)
    if not _trial(replace(host, overlay=True)):
        host = replace(host, overlay=True)
    if not _trial(replace(host, new_proc=True)):
        host = replace(host, new_proc=True)
    return host


def _trial(host: Host) -> str:
    """Starts `true` from this machine's own root; returns what went wrong, empty when nothing did."""
    with tempfile.TemporaryDirectory() as place:
        line = [host.bwrap, "--unshare-pid", "--unshare-net"]
        if not host.owners:
            line += ["--unshare-user"]
        line += ["--bind", "/", "/", "--dev", "/dev"]
        line += ["--overlay-src", place, "--tmp-overlay", place] if host.overlay else []
        line += ["--proc", "/proc"] if host.new_proc else []
        done = subprocess.run([*line, "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip() or f"exit code {done.returncode}" if done.returncode else ""
