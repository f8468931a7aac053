"""A registry's door that opens for a bearer token only, and sells tokens for a login, as public ones do."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Gate:
    """Where the gate listens, and what it was asked."""

    host: str
    login: str
    scopes: list[str] = field(default_factory=list)
    refused: int = 0


@contextmanager
def serve(backend: str, login: str, password: str, tls: ssl.SSLContext) -> Iterator[Gate]:
    """Stand before the registry at `backend`, which speaks plain HTTP."""
    token = "a-token-for-this-test"
    basic = "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def _answer(self, code: int, data: bytes, headers: dict[str, str]) -> None:
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _sell(self, query: str) -> None:
            values = urllib.parse.parse_qs(query)
            if self.headers["Authorization"] != basic or values.get("service") != ["gate"]:
                gate.refused += 1
                self._answer(401, b"", {})
                return
            gate.scopes += values["scope"]
            self._answer(200, json.dumps({"token": token}).encode(), {"Content-Type": "application/json"})

        def do_GET(self) -> None:
            url = urllib.parse.urlsplit(self.path)
            if url.path == "/token":
                self._sell(url.query)
                return
            if self.headers["Authorization"] != f"Bearer {token}":
                gate.refused += 1
                self._answer(
                    401, b"", {"WWW-Authenticate": f'Bearer realm="https://{gate.host}/token",service="gate"'}
                )
                return
            request = urllib.request.Request(f"http://{backend}{self.path}")
            request.add_header("Accept", ", ".join(self.headers.get_all("Accept", ["*/*"])))
            try:
                with _OPENER.open(request, timeout=30) as answer:
                    self._answer(200, answer.read(), {"Content-Type": answer.headers["Content-Type"]})
            except urllib.error.HTTPError as error:
                self._answer(error.code, error.read(), {})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    gate = Gate(f"localhost:{server.server_port}", login)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield gate
    finally:
        server.shutdown()
        server.server_close()
