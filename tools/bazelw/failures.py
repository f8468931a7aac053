"""Turns the output of a failed build into one error with a remedy."""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, List, NamedTuple

from tools.bazelw.errors import LauncherError
from tools.bazelw.recipe import Recipe

if TYPE_CHECKING:
    from tools.bazelw.host import Archive


class Problem(NamedTuple):
    """Why a suite couldn't be installed, and whether another suite may do better."""

    error: LauncherError
    other_suite: bool


_NO_SPACE = r"No space left on device|not enough free space|You don't have enough free space"
_NO_NETWORK = (
    r"Could not resolve|Temporary failure resolving|Could not connect|Connection refused|Connection timed out"
    r"|Network is unreachable|No route to host|Unable to connect|Failed to connect|Could not handshake"
    r"|certificate verification failed|Proxy|50[234]  |Undetermined Error|Connection failed"
)
_NO_KEY = (
    r"NO_PUBKEY|Missing key|couldn't be verified|no_pubkey|is not signed|BADSIG|EXPKEYSIG|KEYEXPIRED|not bound"
    r"|Sub-process /usr/bin/sqv returned"
)
_NO_SUITE = r"does not have a Release file|404  Not Found|File not found.*Release"
_NO_SET = (
    r"Unable to locate package|unmet dependencies|no installation candidate|held broken packages"
    r"|Unable to correct problems|Unable to satisfy dependencies|returned an error code"
)
_NO_NAMESPACE = r"Operation not permitted|unshare|newuidmap|setting up uid map|No permissions to create"


def explain(output: List[str], recipe: Recipe, archive: "Archive", suite: str) -> Problem:
    """Finds the cause in the last lines of mmdebstrap's output."""
    said = [line for line in output if re.match(r"(E|W|Err|dpkg|error|bwrap|mmdebstrap)\b", line.strip())]
    text = "\n".join(output[-80:])
    where = f"the mirror {archive.public_uri} (from {archive.origin})"
    detail = "\n".join(f"| {line.strip()}" for line in (said or output)[-6:])

    def problem(what: str, remedy: str, other_suite: bool = False) -> Problem:
        return Problem(LauncherError(what, remedy=f"{remedy}\n{detail}"), other_suite)

    if re.search(_NO_SPACE, text):
        return Problem(no_space("", 0, recipe.space_mb), False)
    if re.search(_NO_KEY, text):
        return problem(
            f"the signature of {suite} on {where} can't be checked with {', '.join(archive.keyrings)}",
            "install a newer debian-archive-keyring: apt-get install debian-archive-keyring",
        )
    if re.search(_NO_SET, text):
        return problem(f"{suite} can't install the toolbox's packages now", "try again when the archive settled", True)
    if re.search(_NO_SUITE, text):
        return problem(
            f"no suite {suite} on {where}",
            "set APT_MIRROR to the address of a complete Debian mirror (a URL that ends in /debian)",
            True,
        )
    if re.search(_NO_NETWORK, text):
        return problem(
            f"can't reach {where}",
            "check the network and http_proxy/https_proxy, or set APT_MIRROR to a Debian mirror that answers",
        )
    if re.search(_NO_NAMESPACE, text):
        return problem("the kernel refused to set up the toolbox", "run bazelw as root, or allow user namespaces")
    return problem(f"mmdebstrap failed to install {suite}", "see the log")


def no_space(folder: str, free_mb: int, needed_mb: int) -> LauncherError:
    """The error for a full disk."""
    have = f"{free_mb} MB free, " if folder else ""
    return LauncherError(
        f"no space for the toolbox: {have}{needed_mb} MB needed",
        file=folder or None,
        remedy="free some space, or set XDG_CACHE_HOME to a folder on a larger disk",
    )


def from_os_error(error: OSError, recipe: Recipe) -> LauncherError:
    """The error for a system call that failed while the toolbox was made."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_space("", 0, recipe.space_mb)
    return LauncherError(error.strerror or str(error), file=error.filename)
