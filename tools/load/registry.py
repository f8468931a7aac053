"""A read-only registry with one image, on a free port of the loopback interface, for the time of a load.

A container engine that pulls from it asks for the layers that it lacks, and for no others; what it asked for
is counted. The path has a random part: other users of this machine cannot guess what to ask for.
"""

from __future__ import annotations

import json
import re
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tools.load.image import Loadable

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
TAG = "latest"


class Registry:
    """One image under one name; `sent` are the layers that went out whole, `asked` whether anybody came."""

    def __init__(self, image: Loadable) -> None:
        self.image = image
        self.repository = f"{secrets.token_hex(16)}/image"
        self.sent: set[str] = set()
        self.asked = False
        self.port = 0

    @property
    def name(self) -> str:
        """What to pull."""
        return f"127.0.0.1:{self.port}/{self.repository}:{TAG}"

    @property
    def bytes_sent(self) -> int:
        """Size of the layers that were sent."""
        return sum(
            {each.digest: each.size for each in self.image.layers if each.digest in self.sent}.values()
        )


@contextmanager
def serve(image: Loadable) -> Iterator[Registry]:
    """Serves an image until the block ends."""
    registry = Registry(image)

    class Handler(_Handler):
        served = registry

    with _Server(("127.0.0.1", 0), Handler) as server:
        registry.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *request: Any) -> None:
        """Prints a traceback, but not for an engine that hangs up: it says itself why."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*request)


class _Handler(BaseHTTPRequestHandler):
    """The four requests of OCI's distribution specification that a pull is made of."""

    served: Registry
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answers with the content."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answers with what GET would say of the content."""
        self._answer()

    def _answer(self) -> None:
        registry = self.served
        registry.asked = True
        base = f"/v2/{registry.repository}/"
        image = registry.image
        if self.path == "/v2/":
            self._content(b"{}", "application/json")
        elif self.path in (f"{base}manifests/{TAG}", f"{base}manifests/{image.digest}"):
            self._content(image.manifest, image.media_type, image.digest)
        elif self.path.startswith(f"{base}blobs/") and (digest := self.path.rpartition("/")[2]) in {
            image.config.digest,
            *(layer.digest for layer in image.layers),
        }:
            self._blob(image.blob(digest), digest)
        else:
            error = {"errors": [{"code": "NAME_UNKNOWN", "message": "no such thing here"}]}
            self._content(json.dumps(error).encode(), "application/json", status=HTTPStatus.NOT_FOUND)

    def _content(
        self, content: bytes, media_type: str, digest: str = "", status: HTTPStatus = HTTPStatus.OK
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self._finish_headers(digest)
        if self.command == "GET":
            self.wfile.write(content)

    def _blob(self, file: Path, digest: str) -> None:
        with file.open("rb") as content:
            size = file.stat().st_size
            first, last = self._range(size)
            partial = (first, last) != (0, size - 1)
            self.send_response(HTTPStatus.PARTIAL_CONTENT if partial else HTTPStatus.OK)
            if partial:
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(last - first + 1))
            self._finish_headers(digest)
            if self.command == "GET":
                self.wfile.flush()
                with self._counted(digest if last == size - 1 else ""):
                    self.connection.sendfile(content, offset=first, count=last - first + 1)

    @contextmanager
    def _counted(self, digest: str) -> Iterator[None]:
        """Counts a blob as sent, if there is one, unless sending fails.

        It counts before its last byte is on the way: the engine that gets that byte may be done with it, and
        what was sent is told then.
        """
        new = {digest} - {"", *self.served.sent}
        self.served.sent |= new
        try:
            yield
        except OSError:
            self.served.sent -= new
            raise

    def _range(self, size: int) -> tuple[int, int]:
        """The part that is asked for; several parts at once, or none that there are, get the whole."""
        match = _RANGE.fullmatch(self.headers.get("Range", ""))
        if not match:
            return 0, size - 1
        first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
        return (first, last) if first <= last else (0, size - 1)

    def _finish_headers(self, digest: str) -> None:
        if digest:
            self.send_header("Docker-Content-Digest", digest)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Keeps the terminal for the engine's own progress."""
