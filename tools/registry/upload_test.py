"""An upload that an earlier push has begun."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.registry.client import Registry, Session
from tools.registry.journal import Journal
from tools.registry.problem import RegistryError
from tools.registry.reference import Reference
from tools.registry.testing import Server, serve
from tools.registry.transport import Patience
from tools.registry.upload import Source, Upload

_CONTENT = b"blob"
_DIGEST = "sha256:" + hashlib.sha256(_CONTENT).hexdigest()
_NOBODY = "http://127.0.0.1:9/uploads/old"


@pytest.fixture(name="server")
def _server() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture(name="journal")
def _journal(tmp_path: Path) -> Journal:
    folder = tmp_path / "journal"
    folder.mkdir()
    return Journal(folder)


def upload(server: Server, journal: Journal, folder: Path, place: str) -> None:
    """Sends the blob, whose upload was begun at a place."""
    session = Session(server.host, environ={}, patience=Patience(retries=1, first=0.01, timeout=5))
    registry = Registry(Reference.parse(f"{server.host}/app"), session, push=True)
    file = folder / "blob"
    file.write_bytes(_CONTENT)
    with journal.entry(registry.reference.name, _DIGEST) as entry:
        entry.store(place)
    Upload(registry, Source(_DIGEST, len(_CONTENT), file), journal=journal).run()


@pytest.mark.parametrize(
    ("place", "status"),
    [("/old", 503), ("/old", 401), ("/old", 403), ("/old", 404), (_NOBODY, 0)],
)
def test_a_place_that_cannot_be_asked_is_forgotten(
    server: Server, journal: Journal, tmp_path: Path, place: str, status: int
) -> None:
    where = f"http://{server.host}{place}" if place.startswith("/") else place
    for _ in range(2 if status == 503 else bool(status)):
        server.then(status, WWW_Authenticate="Basic")
    server.then(202, Location="/new")
    server.then(201)
    upload(server, journal, tmp_path, where)
    sent = [(method, path.partition("?")[0]) for method, path, *_ in server.seen if path != "/old"]
    assert sent == [("POST", "/v2/app/blobs/uploads/"), ("PUT", "/new")]
    assert server.seen[-1][3] == _CONTENT
    assert not list((tmp_path / "journal").iterdir())


def test_a_registry_that_is_away_takes_no_place_with_it(
    server: Server, journal: Journal, tmp_path: Path
) -> None:
    """It may know of the upload when it is back."""
    for _ in range(4):
        server.then(503)
    with pytest.raises(RegistryError, match="503"):
        upload(server, journal, tmp_path, f"http://{server.host}/old")
    (entry,) = (tmp_path / "journal").iterdir()
    assert "/old" in entry.read_text()
