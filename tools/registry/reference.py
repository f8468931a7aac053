"""Names of images in registries, such as registry.example:5000/team/train:v1 or .../train@sha256:...

A name says which registry it means: `team/train` alone is refused, for other programs would send it to Docker
Hub. Registries on this machine are spoken to in plain HTTP, all others by TLS, unless the name begins with http://
or https://.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

from tools.common.errors import ToolError

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_HOST = re.compile(
    r"(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|[A-Za-z0-9.-]+(?=:\d)|\[[0-9A-Fa-f:]+\])(:\d{1,5})?"
)
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_MAX_PORT = 65535
_SCHEMES = ("http", "https")
_DOCKER_HUB = "docker.io"


@dataclass(frozen=True)
class Reference:
    """A repository of a registry, and perhaps a tag or a digest in it."""

    host: str
    repository: str
    tag: str = ""
    digest: str = ""
    scheme: str = "https"

    @staticmethod
    def parse(text: str) -> Reference:
        """Takes a name apart; what is wrong with it is a ToolError."""
        scheme, separator, rest = text.partition("://")
        if separator and scheme not in _SCHEMES:
            raise _bad(text, f"a registry is reached by http:// or https://, not {scheme}://")
        name, at, digest = (rest if separator else text).partition("@")
        if at and not DIGEST.fullmatch(digest):
            raise _bad(text, "after @ comes sha256: and 64 hexadecimal digits")
        host, slash, path = name.partition("/")
        found = _HOST.fullmatch(host)
        if not slash or not found:
            raise _bad(text, "it must begin with the registry's host, as registry.example/team/train does")
        if int((found[3] or ":0")[1:]) > _MAX_PORT:
            raise _bad(text, f"a port is at most {_MAX_PORT}")
        repository, colon, tag = path.partition(":")
        if colon and not TAG.fullmatch(tag):
            raise _bad(text, "a tag has at most 128 letters, digits, dots, dashes and underscores")
        if not _REPOSITORY.fullmatch(repository):
            raise _bad(text, "a repository has lower-case letters, digits, and . _ - / between them")
        default = "http" if is_loopback(host) else "https"
        return Reference(host, repository, tag, digest, scheme if separator else default)

    @property
    def url(self) -> str:
        """Where the repository's interface is."""
        host = "registry-1.docker.io" if self.host == _DOCKER_HUB else self.host
        path = self.repository
        if self.host == _DOCKER_HUB and "/" not in path:
            path = "library/" + path
        return f"{self.scheme}://{host}/v2/{path}"

    @property
    def name(self) -> str:
        """Registry and repository, without what is in it."""
        return f"{self.host}/{self.repository}"

    @property
    def named(self) -> str:
        """Tag or digest, the digest if there are both."""
        return self.digest or self.tag

    def below(self, suffix: str) -> Reference:
        """The repository SUFFIX below this one; this one, if there is none."""
        if not suffix:
            return replace(self, tag="", digest="")
        if not _REPOSITORY.fullmatch(suffix):
            raise _bad(suffix, "a repository has lower-case letters, digits, and . _ - / between them")
        return replace(self, repository=f"{self.repository}/{suffix}", tag="", digest="")

    def at(self, named: str) -> Reference:
        """This repository's image with a tag or digest."""
        if DIGEST.fullmatch(named):
            return replace(self, tag="", digest=named)
        return replace(self, tag=named, digest="")

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def is_loopback(host: str) -> bool:
    """Whether a host[:port] is this machine."""
    name = re.sub(r":\d+$", "", host)
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _bad(text: str, reason: str) -> ToolError:
    return ToolError(
        f"{text!r} is no name of an image: {reason}", remedy="for example localhost:5000/team/train"
    )
