"""The registry on loopback, as real clients and curious neighbours see it."""

from __future__ import annotations

import http.client
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.image_run import testing as make
from tools.load.image import Loadable, load_from
from tools.load.registry import Registry, serve


@pytest.fixture(name="image")
def _image(tmp_path: Path) -> Loadable:
    layers = [[make.file("one", b"1" * 5000)], [make.file("two", b"2" * 9000)]]
    return load_from(make.single(tmp_path / "layout", *layers))


@pytest.fixture(name="registry")
def _registry(image: Loadable) -> Iterator[Registry]:
    with serve(image) as registry:
        yield registry


def ask(registry: Registry, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", registry.port, timeout=30)
    connection.request(method, path, headers=headers)
    return connection.getresponse()


def test_a_real_client_gets_the_whole_image(registry: Registry, image: Loadable, tmp_path: Path) -> None:
    command = ["crane", "pull", "--insecure", "--format=oci", registry.name, str(tmp_path / "pulled")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pulled = load_from(tmp_path / "pulled")
    assert (pulled.digest, pulled.layers) == (image.digest, image.layers)
    for layer in image.layers:
        assert pulled.blob(layer.digest).read_bytes() == image.blob(layer.digest).read_bytes()
    assert registry.sent >= {layer.digest for layer in image.layers}
    assert registry.bytes_sent == image.size


def test_only_what_was_read_counts_as_sent(registry: Registry, image: Loadable) -> None:
    first, second = image.layers
    path = f"/v2/{registry.repository}/blobs/"
    assert ask(registry, path + first.digest, "HEAD").getheader("Content-Length") == str(first.size)
    assert registry.sent == set()
    assert len(ask(registry, path + second.digest).read()) == second.size
    assert registry.sent == {second.digest}
    assert registry.bytes_sent == second.size


def test_a_pull_that_was_cut_goes_on(registry: Registry, image: Loadable) -> None:
    layer = image.layers[0]
    whole = image.blob(layer.digest).read_bytes()
    path = f"/v2/{registry.repository}/blobs/{layer.digest}"
    answer = ask(registry, path, Range="bytes=10-")
    assert (answer.status, answer.read()) == (206, whole[10:])
    assert answer.getheader("Content-Range") == f"bytes 10-{layer.size - 1}/{layer.size}"
    assert ask(registry, path, Range="bytes=2-3").read() == whole[2:4]
    answer = ask(registry, path, Range="bytes=1-2,4-5")
    assert (answer.status, answer.read()) == (200, whole)


def test_a_neighbour_who_does_not_know_the_name_gets_nothing(registry: Registry, image: Loadable) -> None:
    assert ask(registry, "/v2/").status == 200
    blob = image.layers[0].digest
    other = registry.repository[1:]
    for path in (f"{other}/blobs/{blob}", f"{other}/manifests/latest", "_catalog", f"blobs/{blob}"):
        assert ask(registry, f"/v2/{path}").status == 404
    inside = f"/v2/{registry.repository}"
    for path in ("manifests/other", "blobs/sha256:" + "0" * 64, "blobs/../../oci-layout", "tags/list"):
        assert ask(registry, f"{inside}/{path}").status == 404
    assert ask(registry, f"{inside}/blobs/uploads/", "POST").status == 501
    assert registry.sent == set()


@pytest.mark.parametrize("said", [b"GET /v2/", b"GET /v2/ HTTP/1.1\r\n"])
def test_an_engine_that_hangs_up_leaves_no_trace(
    image: Loadable, said: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    before = threading.active_count()
    with serve(image) as registry, socket.create_connection(("127.0.0.1", registry.port)) as engine:
        engine.sendall(said)
        while threading.active_count() < before + 2:
            time.sleep(0.01)
        # A reset, and no orderly end.
        engine.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        engine.close()
        while threading.active_count() > before + 1:
            time.sleep(0.01)
    assert capfd.readouterr().err == ""


def test_a_mistake_of_ours_is_shown(
    registry: Registry, image: Loadable, capfd: pytest.CaptureFixture[str]
) -> None:
    blob = image.layers[0].digest
    image.blob(blob).unlink()
    with pytest.raises(http.client.RemoteDisconnected):
        ask(registry, f"/v2/{registry.repository}/blobs/{blob}")
    assert "FileNotFoundError" in capfd.readouterr().err
