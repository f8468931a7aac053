"""A proxy before a registry that counts what clients send, so that no client counts itself.

It hands on every byte as it is, in both directions, and looks at the requests as they pass. The registry
answers with the address that the client used, so uploads come this way too.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_CHUNK: Final = 1 << 18
_END: Final = b"\r\n\r\n"


class Requests:
    """Follows a stream of HTTP/1.1 requests, and says how many bytes their bodies have.

    What frames a chunked body is not counted, nor are headers.
    """

    def __init__(self) -> None:
        self.methods: list[str] = []
        self.body = 0
        self._buffer = b""
        self._left = 0  # bytes of a body, or of a chunk, that are still to come
        self._skip = 0  # bytes that only frame a chunk
        self._chunked = False

    def feed(self, data: bytes) -> None:
        """Takes the next bytes, cut anywhere."""
        self._buffer += data
        while self._buffer and self._step():
            pass

    def _step(self) -> bool:
        """Goes on by one element; false when more bytes are needed."""
        if self._left:
            taken = min(self._left, len(self._buffer))
            self.body += taken
            self._left -= taken
            self._buffer = self._buffer[taken:]
        elif self._skip:
            taken = min(self._skip, len(self._buffer))
            self._skip -= taken
            self._buffer = self._buffer[taken:]
        elif self._chunked:
            return self._chunk()
        else:
            return self._head()
        return True

    def _chunk(self) -> bool:
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return False
        size = int(line.partition(b";")[0], 16)
        if size:
            self._left, self._skip, self._buffer = size, len(b"\r\n"), rest
            return True
        # The last chunk: trailers, if any, and an empty line.
        _, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return False
        self._chunked, self._buffer = False, rest
        return True

    def _head(self) -> bool:
        head, found, rest = self._buffer.partition(_END)
        if not found:
            return False
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.methods.append(first.partition(" ")[0])
        self._chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self._left = 0 if self._chunked else int(headers.get("content-length", "0"))
        self._buffer = rest
        return True


class CountingProxy:
    """What has passed since it was last asked, over all connections."""

    def __init__(self, port: int, backend: int) -> None:
        self.host = f"localhost:{port}"
        self._backend = backend
        self._lock = threading.Lock()
        self._streams: list[Requests] = []
        self._before = 0

    def sent(self) -> int:
        """Bytes of bodies since the last call."""
        with self._lock:
            total = sum(stream.body for stream in self._streams)
            before, self._before = self._before, total
        return total - before

    def accept(self, listener: socket.socket) -> None:
        """Takes connections until the listener is shut down."""
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        requests = Requests()
        with self._lock:
            self._streams.append(requests)
        with client, socket.create_connection(("127.0.0.1", self._backend)) as server:
            back = threading.Thread(target=_pump, args=(server, client, None), daemon=True)
            back.start()
            _pump(client, server, requests)
            back.join()


def _pump(source: socket.socket, target: socket.socket, requests: Requests | None) -> None:
    """Hands on what comes until it ends, and then says so to the other side."""
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            if requests:
                requests.feed(data)  # before it is sent: an answer must not be faster than the count
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def counting(registry: str) -> Iterator[CountingProxy]:
    """A proxy on a free port for the registry at `localhost:PORT`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = CountingProxy(listener.getsockname()[1], int(registry.rpartition(":")[2]))
        thread = threading.Thread(target=proxy.accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
