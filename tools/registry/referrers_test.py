"""Lists of what refers to an image, by registries that know of such a thing and by others."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.push.images import INDEX, MANIFEST, referrer
from tools.registry import referrers
from tools.registry.client import Registry, Session
from tools.registry.layout import Layout, Node
from tools.registry.problem import RegistryError
from tools.registry.reference import Reference
from tools.registry.testing import Server, serve

_SUBJECT = "sha256:" + "0" * 64


@pytest.fixture(name="server")
def _server() -> Iterator[Server]:
    with serve() as server:
        yield server


def registry_of(server: Server) -> Registry:
    return Registry(Reference.parse(f"{server.host}/app"), Session(server.host, environ={}), push=True)


def document(folder: Path, content: bytes = b"sbom") -> Node:
    subject = {"mediaType": MANIFEST, "digest": _SUBJECT, "size": 1}
    (node,) = Layout(referrer(folder, subject, "application/spdx+json", content)).manifests
    return node


def test_a_registry_that_knows_of_referrers_lists_them_itself(server: Server, tmp_path: Path) -> None:
    node = document(tmp_path / "sbom")
    registry = registry_of(server)
    server.then(201, OCI_Subject=node.subject)
    referrers.put(registry, [node])
    assert [seen[0] for seen in server.seen] == ["PUT"]
    listed = json.dumps({"manifests": [referrers.descriptor(node)]}).encode()
    server.then(200, listed, Content_Type=INDEX)
    (only,) = referrers.listed(registry, node.subject)
    assert (only["digest"], only["artifactType"]) == (node.digest, "application/spdx+json")
    assert server.seen[-1][:2] == ("GET", f"/v2/app/referrers/{node.subject}")


def test_all_pages_of_a_list_are_read(server: Server) -> None:
    path = f"/v2/app/referrers/{_SUBJECT}"
    links = [
        f'<{path}?first>; rel="first", <{path}?page=2>; rel="next"',
        "<?page=3>; title=x; rel=next",
        f'<{path}>; rel="next"',  # in a circle
    ]
    for number, link in enumerate(links):
        body = json.dumps({"manifests": [{"digest": str(number)}]}).encode()
        server.then(200, body, Content_Type=INDEX, Link=link)
    found = referrers.listed(registry_of(server), _SUBJECT)
    assert [each["digest"] for each in found] == ["0", "1", "2"]
    assert [seen[1] for seen in server.seen] == [path, f"{path}?page=2", f"{path}?page=3"]


def test_a_page_that_is_refused_is_an_error(server: Server) -> None:
    """Half a list would have documents pushed again that are there."""
    server.then(200, b"{}", Content_Type=INDEX, Link="<?page=2>; rel=next")
    server.then(403)
    with pytest.raises(RegistryError, match=r"can't list what refers to .*: 403"):
        referrers.listed(registry_of(server), _SUBJECT)


@dataclass
class Store(Server):
    """A registry that keeps manifests, knows nothing of referrers, and takes its time for a read."""

    manifests: dict[str, bytes] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Stores a manifest, or has it."""
        if method == "PUT":
            self.manifests[path] = body
            return 201, {}, b""
        found = self.manifests.get(path)
        time.sleep(0.2)
        return (404, {}, b"") if found is None else (200, {}, found)


@pytest.mark.parametrize("content", [b'{"manifests": ["x"]}', b'{"manifests": 5}'])
def test_a_list_by_tag_that_is_none_is_an_error(content: bytes, server: Server) -> None:
    server.then(404)
    server.then(200, content)
    with pytest.raises(RegistryError, match="is no index"):
        referrers.listed(registry_of(server), _SUBJECT)


def test_two_threads_lose_nothing_of_a_list(tmp_path: Path) -> None:
    """Two images of a push may have a part in common, and each its own document about it."""
    nodes = [document(tmp_path / name, name.encode()) for name in ("one", "two", "three")]
    store = Store()
    with serve(store) as server, ThreadPoolExecutor(3) as pool:
        registry = registry_of(server)
        list(pool.map(lambda node: referrers.put(registry.beside("app"), [node]), nodes))
    listed = json.loads(store.manifests[f"/v2/app/manifests/{referrers.tag(_SUBJECT)}"])["manifests"]
    assert {each["digest"] for each in listed} == {node.digest for node in nodes}
