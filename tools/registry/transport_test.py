"""Requests, and what is between them and a registry."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from email.message import Message
from urllib.parse import parse_qs, urlsplit

import pytest

from tools.common.errors import ToolError
from tools.registry import tls
from tools.registry.auth import Auth
from tools.registry.client import Registry, Session, json_of
from tools.registry.credentials import Login
from tools.registry.problem import Answer, RegistryError
from tools.registry.reference import Reference
from tools.registry.sinks import HashSink
from tools.registry.testing import Server, serve
from tools.registry.transport import Body, Patience, Transport


@pytest.fixture(name="server")
def _server() -> Iterator[Server]:
    with serve() as server:
        yield server


@pytest.fixture(name="other")
def _other() -> Iterator[Server]:
    with serve() as server:
        yield server


def transport(host: str, **environ: str) -> Transport:
    patience = Patience(retries=1, first=0.01, timeout=20)
    return Transport(host, lambda: tls.context(host, environ), patience, environ)


def session(server: Server, **environ: str) -> Session:
    return Session(server.host, environ=environ, patience=Patience(retries=2, first=0.01, timeout=2))


def test_a_redirect_is_followed_without_the_login(server: Server, other: Server) -> None:
    server.then(307, Location=f"http://{other.host}/blob")
    other.then(200, b"data")
    sent = {"Authorization": "Basic secret", "Accept": "a"}
    answer = transport(server.host).request("GET", f"http://{server.host}/v2/x", sent, what="read")
    assert answer.body == b"data"
    assert server.seen[0][2]["Authorization"] == "Basic secret"
    assert "Authorization" not in other.seen[0][2]
    assert other.seen[0][2]["Accept"] == "a"


@pytest.mark.parametrize("target", ["http://x:99999/", "http://[x/", f"http://{'x' * 70}.example/"])
def test_an_address_that_is_none_is_named(server: Server, target: str) -> None:
    server.then(307, Location=target)
    with pytest.raises(RegistryError, match="is no address"):
        transport(server.host).request("GET", f"http://{server.host}/", {}, what="read")


def test_redirects_end(server: Server) -> None:
    for _ in range(9):
        server.then(307, Location="/again")
    with pytest.raises(RegistryError, match="leads from place to place"):
        transport(server.host).request("GET", f"http://{server.host}/", {}, what="read")


def test_a_proxy_is_asked_but_not_for_what_is_excepted(server: Server) -> None:
    server.then(200, b"through")
    way = transport("registry.example", http_proxy=f"http://{server.host}", no_proxy="lab.example, .intern")
    assert way.request("GET", "http://registry.example/v2/", {}, what="read").body == b"through"
    assert server.seen[0][1] == "http://registry.example/v2/"
    for host in ("lab.example", "a.lab.example", "x.intern.", "localhost:1"):
        with pytest.raises(RegistryError, match="can't reach"):
            way.request("GET", f"http://{host.rstrip('.')}/v2/", {}, what="read")
    assert len(server.seen) == 1


def test_tls_goes_through_a_tunnel(server: Server) -> None:
    server.then(403)
    way = transport("registry.example", https_proxy=server.host)
    with pytest.raises(RegistryError, match=r"can't reach https://registry\.example: Tunnel .*: 403"):
        way.request("GET", "https://registry.example/v2/", {}, what="read")
    assert server.seen[0][:2] == ("CONNECT", "registry.example:443")


def test_a_proxy_gets_its_login_and_nobody_else(server: Server, other: Server) -> None:
    proxy = f"http://us%40er:pa%3Ass@{server.host}"
    login = "Basic " + base64.b64encode(b"us@er:pa:ss").decode()
    way = transport("registry.example", http_proxy=proxy, HTTPS_PROXY=proxy)
    server.then(307, Location=f"http://{other.host}/blob")
    other.then(200, b"data")
    assert way.request("GET", "http://registry.example/v2/", {}, what="read").body == b"data"
    assert server.seen[0][2]["Proxy-Authorization"] == login
    assert "Proxy-Authorization" not in other.seen[0][2]
    server.then(403)
    with pytest.raises(RegistryError, match="403"):
        way.request("GET", "https://registry.example/v2/", {}, what="read")
    assert server.seen[1][:2] == ("CONNECT", "registry.example:443")
    assert server.seen[1][2]["Proxy-Authorization"] == login


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        (
            "https_proxy",
            "https://user:secret@proxy.example",
            "its proxy begins with https://, and only http://",
        ),
        ("HTTPS_PROXY", "socks5://proxy.example:1080", "its proxy begins with socks5://"),
        ("https_proxy", "http://user:secret/1@proxy.example", "is no address of a proxy"),
        ("https_proxy", "http://user:secret@", "is no address of a proxy"),
        ("https_proxy", "http://[proxy", "is no address of a proxy"),
    ],
)
def test_a_variable_that_names_no_proxy_for_us(variable: str, value: str, problem: str) -> None:
    way = transport("registry.example", **{variable: value})
    with pytest.raises(ToolError) as caught:
        way.request("GET", "https://registry.example/v2/", {}, what="read")
    assert f"error: {variable}: {problem}" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_half_an_answer_is_asked_for_anew(server: Server) -> None:
    server.then(200, b"half", Content_Length="8", Connection="close")
    server.then(200, b"complete")
    sink = HashSink()
    reference = Reference.parse(f"{server.host}/app")
    Registry(reference, session(server)).get_blob("sha256:" + "0" * 64, sink)
    whole = HashSink()
    whole.write(b"complete")
    assert sink.digest == whole.digest


def test_half_a_manifest_is_asked_for_anew(server: Server) -> None:
    """Its bytes are kept in memory, where no sink counts them."""
    server.then(200, b'{"half', Content_Length="12", Connection="close")
    server.then(200, b'{"half": 12}')
    registry = Registry(Reference.parse(f"{server.host}/app"), session(server))
    found = registry.get_manifest("v1")
    assert found
    assert json_of(found, server.host) == {"half": 12}
    assert len(server.seen) == 2


def test_half_a_reason_is_reason_enough(server: Server) -> None:
    server.then(405, b"read-", Content_Length="9", Connection="close")
    answer = transport(server.host).request("GET", f"http://{server.host}/", {}, what="read")
    assert answer.text == "405 Method Not Allowed (read-)"


def test_a_busy_registry_is_asked_as_often_as_is_patient(server: Server) -> None:
    server.then(503, b"<html>maintenance</html>")
    server.then(503, b"<html>maintenance</html>", Retry_After="Thu, 01 Jan 1970 00:00:00 GMT")
    with pytest.raises(RegistryError) as caught:
        transport(server.host).request(
            "PUT", f"http://{server.host}/", {}, what="store it", body=Body.of(b"x")
        )
    assert f"{server.host}: can't store it: 503 Service Unavailable (maintenance), 2 times" in str(
        caught.value
    )
    assert [body for *_, body in server.seen] == [b"x", b"x"]


@pytest.mark.parametrize(
    ("date", "after", "waited"),
    [
        ("Thu, 01 Jan 1970 00:10:00 GMT", "Thu, 01 Jan 1970 00:10:07 GMT", 7.0),  # its clock is not ours
        ("Thu, 01 Jan 1970 00:10:00 GMT", "Thu, 01 Jan 1970 00:09:00 GMT", 0.0),
        ("", "Fri, 31 Dec 9999 00:00:00 GMT", 300.0),
        ("", "7", 7.0),
        ("", "²", 0.0),
        ("", "soon", 0.0),
    ],
)
def test_a_registry_says_how_long_to_wait(server: Server, date: str, after: str, waited: float) -> None:
    pauses: list[float | None] = []
    told: list[str] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout)
            return False

    server.then(429, Retry_After=after, Date=date)
    server.then(200)
    patience = Patience(first=0.0, stop=Stop(), tell=told.append)
    way = Transport(server.host, lambda: tls.context("", {}), patience, {})
    assert way.request("GET", f"http://{server.host}/", {}, what="read it").status == 200
    assert pauses == [waited]
    going_on = f"{server.host}: can't read it: 429 Too Many Requests; goes on in {waited:.0f} s"
    assert told == ([going_on] if waited else [])


def test_an_answer_for_another_blob_is_not_believed(server: Server) -> None:
    reference = Reference.parse(f"{server.host}/app")
    registry = Registry(reference, Session(server.host, environ={}))
    wanted, other = "sha256:" + "0" * 64, "sha256:" + "1" * 64
    server.then(200, Content_Length="5", Docker_Content_Digest=wanted)
    server.then(200, Content_Length="5", Docker_Content_Digest=other)
    server.then(404)
    assert [registry.head_blob(wanted, 5) for _ in range(3)] == [5, -1, None]


@pytest.mark.parametrize("length", ["", "many", "-1", "²", "9" * 5000])
def test_a_blob_without_a_size_is_the_right_one(server: Server, length: str) -> None:
    """A registry should say it, and need not."""
    registry = Registry(Reference.parse(f"{server.host}/app"), session(server))
    digest = "sha256:" + "0" * 64
    server.then(200, Content_Length=length)
    server.then(200, Content_Length=length, Docker_Content_Digest=digest)
    server.then(200, Content_Length=length, Docker_Content_Digest="sha256:" + "1" * 64)
    assert [registry.head_blob(digest, 5) for _ in range(3)] == [5, 5, -1]


def test_a_blob_of_a_repository_that_is_closed_to_us_is_not_taken_over(server: Server) -> None:
    """A token server may sell no token for both repositories."""
    registry = Registry(Reference.parse(f"{server.host}/app"), Session(server.host, environ={}), push=True)
    server.then(401, WWW_Authenticate=f'Bearer realm="http://{server.host}/token",service="s"')
    server.then(403)
    assert not registry.mount("sha256:" + "0" * 64, "closed")
    assert "scope=repository%3Aclosed%3Apull" in server.seen[1][1]
    server.then(202, Location="/v2/app/blobs/uploads/1")
    server.then(405)
    assert not registry.mount("sha256:" + "0" * 64, "other")
    assert server.seen[-1][:2] == ("DELETE", "/v2/app/blobs/uploads/1")


def test_a_deletion_that_no_token_is_sold_for_is_let_be(server: Server) -> None:
    """The token server says no by a token that is good for something else."""
    registry = Registry(Reference.parse(f"{server.host}/app"), session(server), push=True)
    challenge = f'Bearer realm="http://{server.host}/token",service="s"'
    digest = "sha256:" + "0" * 64
    server.then(401, WWW_Authenticate=challenge)
    server.then(200, b'{"token": "t"}')
    server.then(202, Location="/v2/app/blobs/uploads/1")
    for _ in range(3):  # two for the upload; the blob is asked for with what is known
        server.then(401, WWW_Authenticate=challenge)
        server.then(200, b'{"token": "t"}')
    assert not registry.mount(digest, "other")
    assert not registry.delete_blob(digest)
    assert not server.answers
    bought = [urlsplit(path).query for _, path, *_ in server.seen if path.startswith("/token")]
    scopes = [parse_qs(query)["scope"] for query in bought]
    assert scopes[0] == ["repository:app:pull,push", "repository:other:pull"]
    assert scopes[1:] == [["repository:app:pull,push,delete"]] * 3


def test_a_password_is_not_sent_to_a_token_server_without_tls(server: Server) -> None:
    """Although the registry asks for it."""
    registry = Registry(Reference.parse(f"{server.host}/app"), Session(server.host, environ={}))
    server.then(401, WWW_Authenticate='Bearer realm="ftp://x",service="s"')
    with pytest.raises(RegistryError, match="which is no address"):
        registry.head_manifest("v1")
    refusal = Message()
    refusal["WWW-Authenticate"] = 'Bearer realm="http://x/",service="s"'
    auth = Auth(transport("registry.example"), lambda: Login("user", "secret", "file"))
    with pytest.raises(RegistryError, match="which is not by TLS"):
        auth.answer(Answer(401, refusal, b"", "https://registry.example/v2/"), frozenset(), "")
