"""Connections that are kept for the next request, one a thread and place, through proxies if need be."""

from __future__ import annotations

import http.client
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Mapping

from tools.registry.proxies import Proxies, Proxy

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
        self._proxies = Proxies(environ)
        self._local = threading.local()
        self._lock = threading.Lock()

    def get(self, url: str) -> tuple[http.client.HTTPConnection, str, Mapping[str, str]]:
        """A connection, which need not be connected yet, what to ask it for, and headers for its proxy."""
        parts = urllib.parse.urlsplit(url)
        proxy = self._proxies.to(parts)
        asks_proxy = proxy is not None and parts.scheme == "http"
        target = url if asks_proxy else (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = proxy.headers if proxy and asks_proxy else {}
        kept = self._kept()
        if origin(url) not in kept:
            kept[origin(url)] = self._new(parts, proxy)
        return kept[origin(url)], target, headers

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

    def _new(self, parts: urllib.parse.SplitResult, proxy: Proxy | None) -> http.client.HTTPConnection:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        first = (proxy.host, proxy.port) if proxy else (host, port)
        if parts.scheme != "https":
            return http.client.HTTPConnection(*first, timeout=self._timeout)
        connection = http.client.HTTPSConnection(*first, timeout=self._timeout, context=self._tls())
        if proxy:
            connection.set_tunnel(host, port, dict(proxy.headers))
        return connection

    def _kept(self) -> dict[str, http.client.HTTPConnection]:
        kept: dict[str, http.client.HTTPConnection] | None = getattr(self._local, "kept", None)
        if kept is None:
            kept = self._local.kept = {}
        return kept
