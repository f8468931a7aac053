"""The proxies on the way, as http_proxy, https_proxy and no_proxy name them."""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from tools.common.errors import ToolError
from tools.registry.reference import is_loopback


@dataclass(frozen=True)
class Proxy:
    """Where it is, and the headers that are for it alone: a login, if it has one."""

    host: str
    port: int
    headers: Mapping[str, str]

    @staticmethod
    def of(variable: str, value: str) -> Proxy:
        """What a variable names; no error shows the value, which may have a password."""
        wrong = ToolError(
            "is no address of a proxy",
            file=variable,
            remedy="write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT; a / in a password is %2F",
        )
        try:
            parts = urllib.parse.urlsplit(value if "://" in value else f"http://{value}")
            port = parts.port or 80
        except ValueError:
            raise wrong from None
        if parts.scheme != "http":
            raise ToolError(
                f"its proxy begins with {parts.scheme}://, and only http:// is known here",
                file=variable,
                remedy="write http://HOST:PORT, if it takes that: TLS to a registry goes through it unread",
            )
        if not parts.hostname:
            raise wrong
        return Proxy(parts.hostname, port, _login(parts))


class Proxies:
    """The proxies of an environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._none = (environ.get("no_proxy") or environ.get("NO_PROXY") or "").lower()

    def to(self, parts: urllib.parse.SplitResult) -> Proxy | None:
        """The proxy on the way to a URL."""
        if is_loopback(parts.netloc) or self._excepted(parts):
            return None
        name = f"{parts.scheme}_proxy"
        for variable in (name, name.upper()):
            if value := self._environ.get(variable):
                return Proxy.of(variable, value)
        return None

    def _excepted(self, parts: urllib.parse.SplitResult) -> bool:
        """Whether no_proxy names a host, or a domain that it is in."""
        host = (parts.hostname or "").lower()
        names = [name.strip().lstrip(".") for name in self._none.split(",") if name.strip()]
        return any(name in ("*", host, parts.netloc.lower()) or host.endswith("." + name) for name in names)


def _login(parts: urllib.parse.SplitResult) -> Mapping[str, str]:
    if parts.username is None:
        return {}
    both = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(both.encode()).decode()}
