"""Listening sockets for the tests of wait-for-port, kind ones and bad ones."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def listener(address: str = "127.0.0.1", port: int = 0, backlog: int = 5) -> Iterator[socket.socket]:
    """A socket that listens; the kernel accepts for it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, port))
        server.listen(backlog)
        yield server


@contextmanager
def hung(address: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A listener whose queue is full: the kernel drops every further attempt to connect."""
    with listener(address, backlog=0) as server:
        clients = []
        while True:
            client = socket.socket(server.family)
            client.settimeout(0.2)
            clients.append(client)
            try:
                client.connect(server.getsockname())
            except TimeoutError:
                break
        yield server
        for client in clients:
            client.close()


def port(server: socket.socket) -> int:
    """The port that it listens on."""
    return int(server.getsockname()[1])
