"""Finds what pip, git and crane are told to read on the host, so that they read the same in the toolbox.

Only paths below the folders that the toolbox has of its own (`OWN`) matter: everything else of the host is
visible in the toolbox at the same place anyway.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

OWN = ("/usr", "/etc", "/var", "/run")
# Variables whose values are paths of configuration, trust, credentials or folders to work in.
_NAMES = re.compile(
    r"^(PIP|DOCKER|GIT|SSH)_|^XDG_.*_(HOME|DIR)$|CERT|CA_BUNDLE|CREDENTIALS|^(NETRC|HOME|TMPDIR|TEST_TMPDIR)$"
)
_PATH = re.compile(r"(?:^|(?<=[\s=:,'\"]))(?:file://(?:localhost)?)?(/[^\s,;'\":?#]+)")
# The root has these as mount points (rootfs.py); sockets are in /run, which is empty.
ALWAYS = ("/etc/pip.conf", "/etc/xdg/pip", "/etc/gitconfig", "/run/docker.sock", "/run/podman/podman.sock")


def visible(path: str) -> bool:
    """Says whether a host path is at the same place in the toolbox without doing anything for it."""
    return not path.startswith(tuple(own + "/" for own in OWN)) and path not in OWN


def config_files(env: Mapping[str, str]) -> list[str]:
    """Returns the configuration files that pip reads, those that exist."""
    home = env.get("HOME", "")
    user = env.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    shared = [path for path in env.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":") if path]
    files = [*(os.path.join(path, "pip/pip.conf") for path in shared), "/etc/pip.conf"]
    files += [
        os.path.join(home, ".pip/pip.conf"),
        os.path.join(user, "pip/pip.conf"),
        env.get("PIP_CONFIG_FILE", ""),
    ]
    return [path for path in files if os.path.isfile(path)]


def host_paths(env: Mapping[str, str]) -> list[str]:
    """Returns the host's files and folders below OWN that tools in the toolbox have to find."""
    files = config_files(env)
    texts = [value for name, value in env.items() if _NAMES.search(name)]
    for path in files:
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                texts.append(stream.read())
        except OSError:
            continue
    named = [match for text in texts for match in _PATH.findall(text)]
    return outermost("/" + path.strip("/") for path in [*ALWAYS, *files, *named])


def outermost(paths: Iterable[str]) -> list[str]:
    """Keeps the paths that exist below OWN, without those inside another one."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        deep = path.count("/") > 1 and not visible(path) and path != "/run/user"
        if deep and os.path.exists(path) and not any(path.startswith(f"{outer}/") for outer in kept):
            kept.append(path)
    return kept
