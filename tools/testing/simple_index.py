"""A package index of PEP 503 on loopback: pages with links and hashes, and the files."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tools.testing.tiny_wheel import TinySdist, TinyWheel, sha256


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests have their own output."""


class SimpleIndex:
    """What an index has; `url` is its address while `served`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True)
        self.url = ""

    def add(self, *files: TinyWheel | TinySdist) -> list[Path]:
        """Puts files on their pages."""
        paths = []
        for file in files:
            page = self.folder / re.sub(r"[-_.]+", "-", file.name).lower()
            page.mkdir(exist_ok=True)
            paths.append(file.write(page))
            links = [
                f'<a href="{path.name}#{sha256(path).replace(":", "=")}">{path.name}</a><br>'
                for path in sorted(page.iterdir())
                if path.name != "index.html"
            ]
            text = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"
            (page / "index.html").write_text(text, encoding="utf-8")
        return paths

    @contextmanager
    def served(self) -> Iterator[SimpleIndex]:
        """Serves it for a while."""
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=self.folder)) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield self
            server.shutdown()
