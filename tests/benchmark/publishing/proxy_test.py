"""What the proxy counts is what clients send, and registries notice nothing of it."""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.airgap.layout import sha256
from tests.airgap.registry import Registry, serve
from tests.benchmark.publishing.proxy import CountingProxy, Requests, counting

PLAIN = b"POST /v2/a HTTP/1.1\r\nHost: b\r\ncontent-length: 5\r\n\r\nhello"
CHUNKED = (
    b"PATCH /v2/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4\r\nwiki\r\nA;name=value\r\n\r\n\r\n1234\r\n\r\n0\r\nTrailer: x\r\n\r\n"
)
NOTHING = b"HEAD /v2/a HTTP/1.1\r\nHost: b\r\n\r\n"
STREAM = PLAIN + CHUNKED + NOTHING + CHUNKED.replace(b"Trailer: x\r\n", b"") + PLAIN


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, len(STREAM)])
def test_bodies_are_counted_however_the_stream_is_cut(step: int) -> None:
    requests = Requests()
    for start in range(0, len(STREAM), step):
        requests.feed(STREAM[start : start + step])
    assert requests.methods == ["POST", "PATCH", "HEAD", "PATCH", "POST"]
    assert requests.body == 5 + 14 + 14 + 5


@pytest.fixture(name="registry", scope="module")
def _registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with serve(tmp_path_factory.mktemp("registry") / "data") as registry:
        yield registry


@pytest.fixture(name="proxy")
def _proxy(registry: Registry) -> Iterator[CountingProxy]:
    with counting(registry.host) as proxy:
        yield proxy


def test_a_push_goes_through_the_proxy_to_its_end(registry: Registry, proxy: CountingProxy) -> None:
    """Also when the registry says where to upload to."""
    blob = bytes(range(256)) * 4096
    through = replace(registry, host=proxy.host)
    through.put_blob("team/app", blob)
    assert proxy.sent() == len(blob)
    assert proxy.sent() == 0, "only what is new"
    assert registry.blob("team/app", sha256(blob)) == blob


def test_what_is_fetched_does_not_count(registry: Registry, proxy: CountingProxy) -> None:
    digest = registry.put_blob("team/app", b"some content")
    through = replace(registry, host=proxy.host)
    assert through.blob("team/app", digest) == b"some content"
    assert proxy.sent() == 0


def test_chunks_and_a_connection_that_stays(registry: Registry, proxy: CountingProxy) -> None:
    host, _, port = proxy.host.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    for content in (b"first " * 9999, b"second"):
        connection.request("POST", "/v2/team/app/blobs/uploads/")
        with connection.getresponse() as answer:
            answer.read()
            location = answer.headers["Location"]
        pieces = [content[start : start + 1000] for start in range(0, len(content), 1000)]
        connection.request("PATCH", location, iter(pieces), encode_chunked=True)
        with connection.getresponse() as answer:
            answer.read()
            assert answer.status == 202
            location = answer.headers["Location"]
        connection.request("PUT", f"{location}&digest={sha256(content)}")
        with connection.getresponse() as answer:
            answer.read()
            assert answer.status == 201
        assert proxy.sent() == len(content)
    connection.close()


def test_two_proxies_count_apart(registry: Registry, proxy: CountingProxy) -> None:
    with counting(registry.host) as other:
        replace(registry, host=other.host).put_blob("team/app", b"1234")
        assert (proxy.sent(), other.sent()) == (0, 4)
    with pytest.raises(OSError, match="refused"), urllib.request.urlopen(f"http://{other.host}/v2/"):
        pass
