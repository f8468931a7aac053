"""Turns the output of a failed build into one error with a remedy."""

from __future__ import annotations

import errno
import re
import shutil
from re import Pattern
from typing import NamedTuple

from tools.bazelw.errors import LauncherError
from tools.bazelw.host import Archive
from tools.bazelw.recipe import Recipe


class Problem(NamedTuple):
    """Why a suite couldn't be installed, and whether another suite may do better."""

    error: LauncherError
    other_suite: bool


_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded|enough free space")
# Lines in which tools complain, and those among them that say nothing.
_COMPLAINT = re.compile(
    r"\s*(E:|W:|Err:|dpkg: error|dpkg-deb: error|tar: |bwrap: |mount: |GPG error|\s*Could not)"
)
_NOISE = re.compile(
    r"performed unsandboxed|mmdebstrap failed to run|Some index files failed|apt-get update -|child socket"
)


class _Cause(NamedTuple):
    pattern: Pattern[str]
    problem: str
    remedy: str
    other_suite: bool = False


_CAUSES = (
    _Cause(
        re.compile(
            r"Could not resolve|Temporary failure resolving|Could not connect|Connection refused|timed out"
            r"|Network is unreachable|No route to host|Unable to connect|Connection failed"
            r"|Could not handshake"
            r"|[Cc]ertificate verification failed|Received HTTP code \d+ from proxy|  (407|50[0-9])  "
        ),
        "can't reach the mirror {mirror}",
        "check the network and http_proxy/https_proxy, or set APT_MIRROR to a Debian mirror that answers",
    ),
    _Cause(
        re.compile(r"does not have a Release file|(InRelease|Release)  4\d\d  |File not found - \S*dists"),
        "no suite {suite} on the mirror {mirror}",
        "set APT_MIRROR to the address of a complete Debian mirror (a URL that ends in /debian)",
        other_suite=True,
    ),
    _Cause(
        re.compile(
            r"NO_PUBKEY|couldn't be verified|is not signed|BADSIG|EXPKEYSIG|KEYEXPIRED|sqv|not live until"
        ),
        "the signature of {suite} on the mirror {mirror} can't be verified with {keys}",
        "with an old keyring: apt-get install debian-archive-keyring\n"
        "with a mirror that signs with keys of its own: set BAZELW_KEYRING to a file of these keys",
    ),
    _Cause(
        re.compile(
            r"Unable to locate package|unmet dependencies|no installation candidate|held broken packages"
            r"|Unable to correct problems|Unable to satisfy dependencies|Failed to fetch"
            r"|Hash Sum mismatch|Sub-process \S+ returned an error code|unexpected size"
        ),
        "{suite} on the mirror {mirror} can't install the toolbox's packages at the moment",
        "try again in some hours, or set APT_MIRROR to another Debian mirror",
        other_suite=True,
    ),
)


def explain(output: list[str], recipe: Recipe, archive: Archive, suite: str, folder: str) -> Problem:
    """Finds the cause in the last lines of mmdebstrap's output."""
    said = [line.strip() for line in output if _COMPLAINT.match(line) and not _NOISE.search(line)]
    if _NO_SPACE.search("\n".join(output)):
        return Problem(no_space(folder, recipe.space_mb), False)
    detail = "".join(f"\n| {line[:200]}" for line in (said or output)[-4:])
    facts = {
        "suite": suite,
        "mirror": f"{archive.public_uri} (from {archive.origin})",
        "keys": ", ".join(archive.keyrings),
    }
    for cause in _CAUSES:
        if any(cause.pattern.search(line) for line in said):
            error = LauncherError(cause.problem.format(**facts), remedy=cause.remedy + detail)
            return Problem(error, cause.other_suite)
    return Problem(LauncherError(f"mmdebstrap failed to install {suite}", remedy=f"it said:{detail}"), False)


def no_space(folder: str, needed_mb: int) -> LauncherError:
    """The error for a full disk."""
    return LauncherError(
        f"no space for the toolbox: {free_mb(folder)} MB free, {needed_mb} MB needed",
        file=folder,
        remedy="free some space, or set XDG_CACHE_HOME to a folder on a larger disk",
    )


def free_mb(folder: str) -> int:
    """Returns the free space of the disk that a folder is on."""
    return shutil.disk_usage(folder).free // 1_000_000


def from_os_error(error: OSError, folder: str, needed_mb: int) -> LauncherError:
    """The error for a system call that failed while the toolbox was made."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space(folder, needed_mb)
    return LauncherError(error.strerror or str(error), file=error.filename)
