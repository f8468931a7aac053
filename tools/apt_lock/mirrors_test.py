"""Which mirrors the lock command takes, and what it says when none answers."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tools.apt_lock.locker import Locker
from tools.apt_lock.mirrors import snapshot_mirrors
from tools.common.errors import ToolError


def test_a_dead_proxy_is_named_without_its_password(tmp_path: Path) -> None:
    locker = Locker(tmp_path, [])
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = locker.error(
        "bookworm",
        *("--snapshot", "http://mirror.example/debian"),
        http_proxy=f"http://me:secret@127.0.0.1:{port}",
        https_proxy=f"http://127.0.0.1:{port}",
    )
    assert f"through the proxy http_proxy=http://***@127.0.0.1:{port}, https_proxy=http://127" in error
    assert "secret" not in error


@pytest.mark.parametrize(
    "url",
    ["bogus/debian", "/srv/debian", "http:///debian", "http://h:x/debian", "ftp://h/debian", "file:debian"],
)
def test_a_snapshot_that_is_no_url_is_named(url: str) -> None:
    with pytest.raises(ToolError) as caught:
        snapshot_mirrors(url, None)
    assert str(caught.value).startswith(
        f"error: --snapshot {url} is no address of a Debian mirror\n  Give a URL that holds"
    )
    with pytest.raises(ToolError) as caught:
        snapshot_mirrors("http://h/debian", url)
    assert str(caught.value).startswith(
        f"error: --security-snapshot {url} is no address of a Debian mirror\n"
    )


@pytest.mark.parametrize("url", ["http://h/debian", "https://me:pw@h:80/debian/", "http://[::1]:80/debian"])
def test_a_snapshot_has_both_archives(url: str) -> None:
    url = url.rstrip("/")
    assert snapshot_mirrors(url, None) == {"debian": url, "debian-security": f"{url}-security"}
