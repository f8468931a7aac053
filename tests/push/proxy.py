"""A bad way to a registry: an HTTP proxy on loopback that writes a log and breaks what a test tells it to.

with proxied(registry.host) as proxy:
    proxy.faults.append(Fault("PATCH", status=429, headers={"Retry-After": "0"}))
    ...
    assert proxy.count("PATCH") == 2
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_PIECE = 1 << 14
_HOPS = {"connection", "content-length", "keep-alive", "transfer-encoding"}


@dataclass
class Fault:
    """What happens to requests.

    Args:
        method: pattern of the method.
        path: pattern that is somewhere in the path.
        times: how often; then it is over.
        status: an answer of the proxy's own, before the registry is asked.
        headers: headers of that answer.
        body: what it says.
        delay: seconds for which the request waits at the proxy.
        cut_after: the connection is reset after so many bytes of the request's body.
        keep: what came before a cut or a halt gets to the registry, as one that can resume has it.
        swallow: the registry gets nothing, and the client hears that all is well.
        cut_answer: the registry gets the request, and the client no answer.
        hold_after: the proxy says `held` after so many bytes, and takes no more until the client is gone.
        flip: the answer's last byte is another.
        sizeless: the answer does not say how long it is.
    """

    method: str
    path: str = ""
    times: int = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    cut_after: int = -1
    keep: bool = False
    cut_answer: bool = False
    swallow: bool = False
    hold_after: int = -1
    flip: bool = False
    sizeless: bool = False
    held: threading.Event = field(default_factory=threading.Event)


@dataclass
class Request:
    """A line of the log."""

    method: str
    path: str
    body: int = 0
    status: int = 0
    authorization: str = ""
    came: float = field(default_factory=time.monotonic)
    went: float = 0.0


@dataclass
class Proxy:
    """The way: `host` is what to push to.

    With `bearer`, the proxy sells tokens to that user and password, or who has the password as token, each
    good for so many requests.
    """

    upstream: str
    host: str = ""
    faults: list[Fault] = field(default_factory=list)
    log: list[Request] = field(default_factory=list)
    bearer: tuple[str, str, int] | None = None
    tokens: dict[str, int] = field(default_factory=dict)
    scopes: list[list[str]] = field(default_factory=list)
    kept: dict[str, tuple[str, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, method: str, path: str = "") -> int:
        """How many requests there were."""
        return len(self.requests(method, path))

    def requests(self, method: str, path: str = "") -> list[Request]:
        """The requests with a method, and a pattern in their path."""
        return [each for each in self.log if re.fullmatch(method, each.method) and re.search(path, each.path)]

    def sent(self) -> int:
        """Bytes of blobs that came this way."""
        return sum(each.body for each in self.requests("PATCH|PUT", "/blobs/uploads/"))

    def clear(self) -> None:
        """Forgets what was."""
        self.log.clear()
        self.faults.clear()

    def fault(self, method: str, path: str) -> Fault | None:
        """What is to go wrong with a request."""
        with self.lock:
            for each in self.faults:
                if each.times and re.fullmatch(each.method, method) and re.search(each.path, path):
                    each.times -= 1
                    return each
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def log_message(self, *args: object) -> None:
        """The log is another."""

    def handle(self) -> None:
        """Bears with clients that are gone."""
        with suppress(ConnectionError):
            super().handle()

    def any(self) -> None:
        """Answers a request, whatever its method."""
        entry = Request(self.command, self.path, authorization=self.headers.get("Authorization", ""))
        self.proxy.log.append(entry)
        if self.path.startswith("/token"):
            self._token(entry)
        elif self.proxy.bearer and not self._has_token():
            self._say(entry, 401, {"WWW-Authenticate": self._challenge()})
        elif fault := self.proxy.fault(self.command, self.path):
            self._break(entry, fault)
        else:
            self._forward(entry, None)
        entry.went = time.monotonic()

    def _break(self, entry: Request, fault: Fault) -> None:
        time.sleep(fault.delay)
        if fault.status:
            self._say(entry, fault.status, fault.headers, fault.body)
        elif fault.swallow:
            self._say(entry, 201, {})
        elif fault.cut_after >= 0 or fault.hold_after >= 0:
            data = b"".join(self._body(entry, max(fault.cut_after, fault.hold_after)))
            if fault.keep:
                answer, _ = self._ask(iter([data]), len(data))
                place = answer.headers["Location"]
                self.proxy.kept[_uuid(place)] = (place, len(data))
            fault.held.set()
            while fault.hold_after >= 0 and self.rfile.read1(1 << 20):
                pass
            self._cut()
        else:
            self._forward(entry, fault)

    def _forward(self, entry: Request, fault: Fault | None) -> None:
        kept = self.proxy.kept.get(_uuid(self.path))
        if kept and self.command == "GET":
            self._say(entry, 204, {"Location": kept[0], "Range": f"0-{kept[1] - 1}"})
            return
        answer, body = self._ask(self._body(entry), int(self.headers.get("Content-Length", 0)))
        if fault and fault.cut_answer:
            self._cut()
            return
        if fault and fault.flip and body:
            body = body[:-1] + bytes([body[-1] ^ 1])
        entry.status = answer.status
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _HOPS:
                self.send_header(name, value)
        length = answer.headers["Content-Length"] if self.command == "HEAD" else str(len(body))
        if not (fault and fault.sizeless):
            self.send_header("Content-Length", length or "0")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _ask(self, body: Iterator[bytes], length: int) -> tuple[http.client.HTTPResponse, bytes]:
        upstream = http.client.HTTPConnection(self.proxy.upstream, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOPS}
        if self.proxy.bearer:
            headers.pop("Authorization", None)
        headers["Content-Length"] = str(length)
        upstream.request(self.command, self.path, body if length else None, headers)
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        return answer, data

    def _body(self, entry: Request, end: int = -1) -> Iterator[bytes]:
        length = int(self.headers.get("Content-Length", 0))
        left = (length if end < 0 else min(length, end)) - entry.body
        while left:
            data = self.rfile.read1(min(_PIECE, left))
            if not data:
                raise ConnectionResetError
            entry.body += len(data)
            left -= len(data)
            yield data

    def _say(self, entry: Request, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        for piece in self._body(entry):
            del piece
        entry.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _challenge(self) -> str:
        return f'Bearer realm="http://{self.proxy.host}/token",service="the, registry"'

    def _has_token(self) -> bool:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        with self.proxy.lock:
            left = self.proxy.tokens.get(token, 0)
            self.proxy.tokens[token] = max(0, left - 1)
        return left > 0

    def _token(self, entry: Request) -> None:
        assert self.proxy.bearer
        user, password, uses = self.proxy.bearer
        wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        form = b"".join(self._body(entry)).decode()
        query = parse_qs(form or urlsplit(self.path).query)
        known = query["refresh_token"] == [password] if form else entry.authorization == wanted
        if not known or query["service"] != ["the, registry"]:
            self._say(entry, 401, {}, b"no")
            return
        with self.proxy.lock:
            self.proxy.scopes.append(query["scope"])
            token = f"token{len(self.proxy.tokens)}"
            self.proxy.tokens[token] = uses
        self._say(entry, 200, {}, json.dumps({"token": token}).encode())


for _method in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"):
    setattr(_Handler, "do_" + _method, _Handler.any)


def _uuid(path: str) -> str:
    found = re.search(r"/blobs/uploads/([0-9a-f-]{36})", path)
    return found[1] if found else ""


@contextmanager
def proxied(upstream: str) -> Iterator[Proxy]:
    """Runs a proxy before a registry on loopback."""
    proxy = Proxy(upstream)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        proxy.host = f"localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
