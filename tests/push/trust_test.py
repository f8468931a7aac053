"""Who is let in, who is believed, and what is believed of a registry."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.layout import sha256
from tests.airgap.registry import Certificate, Registry, serve
from tests.push.checks import check_complete
from tests.push.images import Pusher, index, noise, plan, planned, top
from tests.push.proxy import Fault, Proxy, proxied

LAYER = noise("layer", 200_000)


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    return plan(tmp_path / "plan.json", planned(index(tmp_path / "app", [LAYER], [b"small"]).root))


@pytest.fixture(name="closed")
def _closed(tmp_path: Path) -> Iterator[Registry]:
    with serve(tmp_path / "closed", login="user", password="pass word") as running:
        yield running


def where(host: str) -> tuple[str, ...]:
    return ("--repository", f"{host}/app", "--tag", "v1")


def test_a_login_of_docker_is_used(closed: Registry, push: Pusher, file: Path) -> None:
    push.login(closed.host, "user", "pass word")
    push.result(file, *where(closed.host))
    check_complete(closed, "app", "v1")


def test_a_registry_asks_once_for_a_password(closed: Registry, push: Pusher, tmp_path: Path) -> None:
    """Not once for each repository."""
    images = [
        planned(index(tmp_path / name, [name.encode()], []).root, suffix=name)
        for name in ("one", "two", "three")
    ]
    file = plan(tmp_path / "plan.json", *images)
    with proxied(closed.host) as proxy:
        push.login(proxy.host, "user", "pass word")
        push.result(file, *where(proxy.host), "--jobs", "1")
        proxy.clear()
        push.result(file, *where(proxy.host), "--jobs", "1")
        assert [each.status for each in proxy.log] == [401, 200, 200, 200]


def test_a_helper_of_docker_is_used(closed: Registry, push: Pusher, file: Path, tmp_path: Path) -> None:
    helper = tmp_path / "bin/docker-credential-test"
    helper.parent.mkdir()
    answer = json.dumps({"Username": "user", "Secret": "pass word"})
    helper.write_text(f"#!/bin/sh\nread host\n[ \"$1 $host\" = 'get {closed.host}' ] && echo '{answer}'\n")
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    config = push.home / ".docker/config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"credHelpers": {closed.host: "test"}}))
    path = f"{helper.parent}:{push.environ()['PATH']}"
    push.result(file, *where(closed.host), PATH=path)
    refused = push(file, *where(closed.host), "--tag", "v2", PATH="/nowhere")
    assert refused.returncode == 1
    assert f"error: {config}: docker-credential-test, which keeps the login for" in refused.stderr


def test_a_file_of_certificates_that_is_none_is_told_of_before_anything_is_asked(
    push: Pusher, file: Path, tmp_path: Path
) -> None:
    """Where nothing is said by TLS, too: who names one counts on it."""
    for ca, reason in ((tmp_path / "none.pem", "No such file"), (file, "it has no certificate in PEM")):
        refused = push(file, *where("http://localhost:1"), "--ca", str(ca))
        assert refused.returncode == 1
        assert f"error: {ca}: can't be used as a certificate: {reason}" in refused.stderr
        assert "localhost:1" not in refused.stderr


def test_a_wrong_password_is_refused_once(closed: Registry, push: Pusher, file: Path) -> None:
    push.login(closed.host, "user", "hunter2")
    with proxied(closed.host) as proxy:
        push.login(proxy.host, "user", "hunter2")
        done = push(file, *where(proxy.host))
        assert done.returncode == 1
        assert (
            f"error: {proxy.host}: it does not let user user in, with what {push.home}/.docker/"
            in done.stderr
        )
        assert f"docker login {proxy.host}" in done.stderr
        assert "hunter2" not in done.stderr
        assert len(proxy.log) == 2, "one without a password, one with it"


def test_without_a_login_it_says_which(closed: Registry, push: Pusher, file: Path) -> None:
    done = push(file, *where(closed.host))
    assert done.returncode == 1
    assert f"error: {closed.host}: it wants a login, and neither docker's nor podman's" in done.stderr


def test_tokens_are_bought_and_bought_anew(
    registry: Registry, proxy: Proxy, push: Pusher, file: Path
) -> None:
    proxy.bearer = ("user", "secret", 4)
    push.login(proxy.host, "user", "secret")
    push.result(file, *where(proxy.host), "--jobs", "1")
    check_complete(registry, "app", "v1")
    assert len(proxy.scopes) > 2
    assert {scope for scopes in proxy.scopes for scope in scopes} == {"repository:app:pull,push"}
    assert proxy.requests("GET", "/token")[0].authorization.startswith("Basic ")
    assert {each.authorization[:7] for each in proxy.requests("PUT")} <= {"Bearer ", ""}


def test_a_token_may_be_bought_with_a_token(
    registry: Registry, proxy: Proxy, push: Pusher, file: Path
) -> None:
    """As docker keeps it for some registries."""
    proxy.bearer = ("", "refresh", 99)
    config = push.home / ".docker/config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"auths": {proxy.host: {"identitytoken": "refresh"}}}))
    push.result(file, *where(proxy.host))
    check_complete(registry, "app", "v1")
    assert proxy.count("POST", "/token") == 1


def test_a_registry_that_never_lets_in_is_not_asked_forever(proxy: Proxy, push: Pusher, file: Path) -> None:
    proxy.bearer = ("user", "secret", 0)
    push.login(proxy.host, "user", "secret")
    done = push(file, *where(proxy.host))
    assert done.returncode == 1
    assert "401 Unauthorized" in done.stderr
    assert len(proxy.log) < 10


def test_a_token_is_not_sold_for_a_wrong_password(proxy: Proxy, push: Pusher, file: Path) -> None:
    proxy.bearer = ("user", "secret", 4)
    push.login(proxy.host, "user", "hunter2")
    done = push(file, *where(proxy.host))
    assert done.returncode == 1
    assert "it does not let user user in" in done.stderr


def test_a_private_authority_is_believed_when_it_is_named(push: Pusher, file: Path, tmp_path: Path) -> None:
    certificate = Certificate.make(tmp_path)
    with serve(tmp_path / "tls", certificate=certificate) as registry:
        address = where(f"https://{registry.host}")
        refused = push(file, *address)
        assert refused.returncode == 1
        assert f"error: {registry.host}: its certificate is not trusted: self-signed" in refused.stderr
        assert "--ca FILE" in refused.stderr
        push.result(file, *address, "--ca", str(certificate.certificate))
        check_complete(registry, "app", "v1")
        by_variable = push.result(file, *address, SSL_CERT_FILE=str(certificate.certificate))
        assert by_variable["images"][0]["state"] == "up to date"
        folder = push.home / f".docker/certs.d/{registry.host}"
        folder.mkdir(parents=True)
        (folder / "ca.crt").symlink_to(certificate.certificate)
        assert push.result(file, *address)["images"][0]["state"] == "up to date"
        plain = push(file, *where(f"http://{registry.host}"))
        assert plain.returncode == 1
        assert f"if the registry speaks TLS, write https://{registry.host}/..." in plain.stderr


def test_a_registry_without_tls_is_not_taken_for_one_with(
    registry: Registry, push: Pusher, file: Path
) -> None:
    done = push(file, *where(f"https://{registry.host}"))
    assert done.returncode == 1
    assert f"write http://{registry.host}/..." in done.stderr


def stored(folder: Path, data: bytes) -> Path:
    """Where the registry keeps a blob."""
    digest = sha256(data)[7:]
    return folder / f"registry/data/docker/registry/v2/blobs/sha256/{digest[:2]}/{digest}/data"


def test_a_rotten_blob_is_found_and_told(
    registry: Registry, push: Pusher, file: Path, tmp_path: Path
) -> None:
    """Debian's registry says that it is there, and keeps it when it is sent anew."""
    push.result(file, *where(registry.host))
    blob = stored(tmp_path, LAYER)
    blob.write_bytes(LAYER[:-1] + b"?")
    assert push.result(file, *where(registry.host))["images"][0]["state"] == "up to date"
    done = push(file, *where(registry.host), "--verify")
    assert done.returncode == 1
    digest = sha256(LAYER)
    assert f"blob {digest} of {registry.host}/app is rotten: its bytes have sha256:" in done.stderr
    assert f"blobs/sha256/{digest[7:9]}/{digest[7:]}/data" in done.stderr
    blob.unlink()
    assert push.result(file, *where(registry.host), "--verify")["bytes_sent"] == len(LAYER)
    check_complete(registry, "app", "v1")
    assert push.result(file, *where(registry.host), "--verify")["bytes_sent"] == 0


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_rotten_blob_fails_all_images_that_have_it(
    jobs: str, registry: Registry, proxy: Proxy, push: Pusher, tmp_path: Path
) -> None:
    """Also the one that needs it while it is looked at for the other."""
    images = [
        planned(index(tmp_path / name, [LAYER, name.encode()], [b"small"]).root, prefixes=[name])
        for name in ("one", "two")
    ]
    file = plan(tmp_path / "plan.json", *images)
    push.result(file, *where(proxy.host))
    stored(tmp_path, LAYER).write_bytes(LAYER[:-1] + b"?")
    busy = {"Retry-After": "1"}
    proxy.faults.append(Fault("GET", f"/blobs/{sha256(LAYER)}", status=503, headers=busy))
    done = push(file, *where(proxy.host), "--tag", "v2", "--verify", "--json", "--jobs", jobs)
    assert done.returncode == 1
    told = json.loads(done.stdout)["images"]
    assert [image["state"] for image in told] == ["failed", "failed"]
    assert all(f"blob {sha256(LAYER)} of {proxy.host}/app is rotten" in image["error"] for image in told)
    assert registry.tags("app") == ["one-v1", "two-v1"]


def test_a_shortened_blob_is_noticed_by_its_size(
    registry: Registry, push: Pusher, file: Path, tmp_path: Path
) -> None:
    push.result(file, *where(registry.host))
    stored(tmp_path, LAYER).write_bytes(LAYER[:1000])
    other = index(tmp_path / "other", [LAYER, b"more"], [])
    done = push(plan(tmp_path / "other.json", planned(other.root)), *where(registry.host))
    assert done.returncode == 1
    assert f"blob {sha256(LAYER)} of {registry.host}/app is rotten: it has 1000 bytes" in done.stderr


def test_what_has_rotted_is_named_where_nothing_may_be_deleted(
    registry: Registry, proxy: Proxy, push: Pusher, file: Path, tmp_path: Path
) -> None:
    push.result(file, *where(proxy.host))
    stored(tmp_path, LAYER).write_bytes(LAYER[:-1] + b"?")
    proxy.faults.append(Fault("DELETE", status=401, times=9))
    done = push(file, *where(proxy.host), "--verify")
    assert done.returncode == 1
    assert proxy.count("DELETE") == 1
    assert f"blob {sha256(LAYER)} of {proxy.host}/app is rotten: its bytes have sha256:" in done.stderr


def test_a_blob_whose_size_is_not_said_is_not_sent_again(
    registry: Registry, proxy: Proxy, push: Pusher, file: Path, tmp_path: Path
) -> None:
    push.result(file, *where(proxy.host))
    other = index(tmp_path / "other", [LAYER, b"more"], [])
    proxy.clear()
    proxy.faults.append(Fault("HEAD", "/blobs/", sizeless=True, times=9))
    push.result(plan(tmp_path / "other.json", planned(other.root)), *where(proxy.host))
    assert 0 < proxy.sent() < len(LAYER)
    check_complete(registry, "app", "v1")


def test_a_registry_that_takes_a_rotten_blob_anew_is_healed(
    registry: Registry, proxy: Proxy, push: Pusher, file: Path
) -> None:
    push.result(file, *where(proxy.host))
    proxy.faults.append(Fault("GET", f"/blobs/{sha256(LAYER)}", flip=True))
    result = push.result(file, *where(proxy.host), "--verify")
    assert result["images"][0]["state"] == "pushed"
    assert result["bytes_sent"] == len(LAYER)


def test_a_manifest_that_lost_its_layers_is_healed(
    registry: Registry, push: Pusher, file: Path, tmp_path: Path
) -> None:
    """As a garbage collection at the wrong time leaves it."""
    push.result(file, *where(registry.host))
    stored(tmp_path, LAYER).unlink()
    assert push.result(file, *where(registry.host))["images"][0]["state"] == "up to date"
    assert push.result(file, *where(registry.host), "--verify")["bytes_sent"] == len(LAYER)
    check_complete(registry, "app", "v1")
    assert top(tmp_path / "app") == sha256(registry.manifest("app", "v1"))
