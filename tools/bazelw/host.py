"""What the host gives: an archive of Debian with its keys, mmdebstrap and bubblewrap."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import NamedTuple

from tools.bazelw import aptsources, unprivileged
from tools.bazelw.errors import LauncherError

_KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)
_KEYRING_PACKAGE = "debian-archive-keyring"
_TOOLS = {"mmdebstrap": "mmdebstrap", "bwrap": "bubblewrap"}  # program: package
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_REACHING = re.compile(
    r"^(Acquire::(?:Retries|ForceIPv[46]|https?::(?:Proxy[^ ]*|Timeout|CaInfo|CaPath|SslCert|SslKey)))"
    r' "([^"\n]+)";$',
    re.MULTILINE,
)


class Archive(NamedTuple):
    """A mirror of Debian's main archive, and the keys to check it with."""

    uri: str
    origin: str  # where the address comes from, for messages
    keyrings: list[str]

    @property
    def public_uri(self) -> str:
        """The address without a user name and password."""
        return re.sub(r"//[^/@]*@", "//", self.uri)


def archive(env: Mapping[str, str]) -> Archive:
    """Returns the mirror that APT_MIRROR or the host's apt sources name; its keyrings may be missing yet."""
    source = aptsources.find()
    uri, origin = (env.get("APT_MIRROR", "").split() or [""])[0].rstrip("/"), "APT_MIRROR"
    if uri and not re.match(r"(https?|file|copy|ftp):/", uri):
        raise LauncherError(
            f"APT_MIRROR={uri} is no address of a Debian mirror",
            remedy="give a URL that holds dists/ and pool/, such as https://MIRROR/debian",
        )
    if not uri and source:
        uri, origin = source.uri, source.file
    if not uri:
        raise LauncherError(
            "no Debian mirror: the host's apt sources name none",
            file="/etc/apt",
            remedy="set APT_MIRROR to the address of a Debian mirror (a URL that ends in /debian)",
        )
    return Archive(uri, origin, _keyrings(env.get("BAZELW_KEYRING", ""), source.signed_by if source else ""))


def _keyrings(given: str, signed_by: str) -> list[str]:
    """Returns the keyring that BAZELW_KEYRING names, or Debian's and the one that the host's sources name."""
    if given:
        if not os.path.isfile(given):
            raise LauncherError("BAZELW_KEYRING names no file", file=given)
        return [os.path.abspath(given)]
    named = [word for word in re.split(r"[,\s]+", signed_by) if word.startswith("/")]
    found = [path for path in [*_KEYRINGS, *named] if os.path.exists(path)]
    unique = {os.path.realpath(path): path for path in reversed(found)}
    return sorted(unique.values())


def apt_options() -> list[str]:
    """Returns what the host's apt knows about reaching its archives: proxies, certificates, credentials."""
    try:
        dump = subprocess.run(
            ["apt-config", "dump"], stdout=subprocess.PIPE, encoding="utf-8", check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    options = [f'{name} "{value}"' for name, value in _REACHING.findall(dump)]
    folder = "/etc/apt/auth.conf.d"
    if os.path.isdir(folder) and os.listdir(folder):
        options.append(f'Dir::Etc::netrcparts "{folder}"')
    return options


def which(program: str) -> str:
    """Returns the path of a program of the host's system, or an empty string."""
    return shutil.which(program, path=PATH) or ""


def prepare(env: Mapping[str, str], log: str) -> Archive:
    """Returns the archive, with all on the host that is needed to install from it.

    As root it installs what is missing: mmdebstrap, bubblewrap, and the keyring on a host that isn't Debian.
    Anybody else is told what to install.
    """
    found = archive(env)
    missing = [package for program, package in _TOOLS.items() if not which(program)]
    missing += [] if found.keyrings else [_KEYRING_PACKAGE]
    if not missing:
        return found
    if unprivileged.needed() or not which("apt-get"):
        raise LauncherError(
            f"to make the toolbox the host needs {_listed(missing)}",
            remedy=f"as root: apt-get install {' '.join(missing)}",
        )
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    quiet = {**env, "DEBIAN_FRONTEND": "noninteractive"}
    with open(log, "ab") as stream:
        for command in (install, ["apt-get", "update"], install):
            code = subprocess.run(
                command, env=quiet, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, check=False
            ).returncode
            if code == 0 and command is install:
                return archive(env)
    raise LauncherError(
        f"apt-get can't install {_listed(missing)}",
        remedy=f"try it by hand: apt-get update && apt-get install {' '.join(missing)}",
    )


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
