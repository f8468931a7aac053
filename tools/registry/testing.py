"""A server on loopback for tests of what speaks to registries.

with serve() as server:
    server.then(200, b"data")
    ...
    assert server.seen[0][:2] == ("GET", "/v2/")
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """It says what the test wants, and remembers what it was asked."""

    port: int = 0
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Where it is."""
        return f"localhost:{self.port}"

    def then(self, status: int, body: bytes = b"", **headers: str) -> None:
        """What it answers next; a header that is empty is left out."""
        self.answers.append(
            (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)
        )

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and content: the next of those that were said."""
        del method, path, body
        return self.answers.pop(0)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: Server

    def log_message(self, *args: object) -> None:
        """Tests look at what was seen."""

    def any(self) -> None:
        """Answers."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server_state.seen.append((self.command, self.path, dict(self.headers), body))
        status, headers, content = self.server_state.answer(self.command, self.path, body)
        if "Date" in headers:  # the test's, and not this machine's beside it
            self.send_response_only(status)
        else:
            self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


for _method in ("CONNECT", "DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"):
    setattr(_Handler, "do_" + _method, _Handler.any)


@contextmanager
def serve(state: Server | None = None) -> Iterator[Server]:
    """Runs one until the block ends."""
    state = state or Server()
    handler = type("Handler", (_Handler,), {"server_state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        state.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield state
        server.shutdown()
