"""Connections that are kept for the next request, one a thread and place, and the proxies on the way."""

from __future__ import annotations

import http.client
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Mapping

from tools.registry.reference import is_loopback

_CONNECT_SECONDS = 30.0


def origin(url: str) -> str:
    """Scheme and host of a URL."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Connections:
    """Connections to wherever requests go.

    Args:
        context: makes the TLS context when it is needed.
        environ: variables that name proxies.
        timeout: seconds without a byte.
    """

    def __init__(
        self, context: Callable[[], ssl.SSLContext], environ: Mapping[str, str], timeout: float
    ) -> None:
        self._make_context = context
        self._context: ssl.SSLContext | None = None
        self._timeout = timeout
        self._proxies = {
            scheme: environ.get(scheme + "_proxy") or environ.get(scheme.upper() + "_PROXY") or ""
            for scheme in ("http", "https")
        }
        self._no_proxy = (environ.get("no_proxy") or environ.get("NO_PROXY") or "").lower()
        self._local = threading.local()
        self._lock = threading.Lock()

    def get(self, url: str) -> tuple[http.client.HTTPConnection, str]:
        """A connection, which need not be connected yet, and what to ask it for."""
        parts = urllib.parse.urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        proxy = self._proxy(parts)
        if proxy and parts.scheme == "http":
            target = url
        kept = self._kept()
        if connection := kept.get(origin(url)):
            return connection, target
        first = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}") if proxy else parts
        host, port = first.hostname or "", first.port or (443 if first.scheme == "https" else 80)
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._tls())
            if proxy:
                connection.set_tunnel(parts.hostname or "", parts.port or 443)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        kept[origin(url)] = connection
        return connection, target

    def connect(self, connection: http.client.HTTPConnection) -> None:
        """Connects, for which there is less time than for an answer."""
        connection.timeout = min(_CONNECT_SECONDS, self._timeout)
        connection.connect()
        if connection.sock:
            connection.sock.settimeout(self._timeout)

    def forget(self, place: str) -> None:
        """Ends this thread's connection to an origin."""
        if connection := self._kept().pop(place, None):
            connection.close()

    def _tls(self) -> ssl.SSLContext:
        with self._lock:
            self._context = self._context or self._make_context()
            return self._context

    def _proxy(self, parts: urllib.parse.SplitResult) -> str:
        direct = is_loopback(parts.netloc) or _excepted(parts, self._no_proxy)
        return "" if direct else self._proxies[parts.scheme]

    def _kept(self) -> dict[str, http.client.HTTPConnection]:
        kept: dict[str, http.client.HTTPConnection] | None = getattr(self._local, "kept", None)
        if kept is None:
            kept = self._local.kept = {}
        return kept


def _excepted(parts: urllib.parse.SplitResult, no_proxy: str) -> bool:
    """Whether no_proxy names a host, or a domain that it is in."""
    host = (parts.hostname or "").lower()
    names = [name.strip().lstrip(".") for name in no_proxy.split(",") if name.strip()]
    return any(name in ("*", host, parts.netloc.lower()) or host.endswith("." + name) for name in names)
