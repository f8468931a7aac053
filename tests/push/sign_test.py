"""A push with a key: signatures are there before the tags, and the real cosign verifies them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.push.images import Pusher, index, plan, planned, top
from tests.push.proxy import Proxy

_PASSWORD = {"COSIGN_PASSWORD": "x"}


@pytest.fixture(name="key")
def _key(tmp_path: Path, push: Pusher) -> Path:
    line = ["cosign", "generate-key-pair"]
    subprocess.run(line, env=push.environ() | _PASSWORD, cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "cosign.key"


def verify(push: Pusher, key: Path, reference: str) -> int:
    options = ["--insecure-ignore-tlog=true", "--key", str(key.with_suffix(".pub"))]
    done = subprocess.run(["cosign", "verify", *options, reference], env=push.environ(), capture_output=True)
    return done.returncode


def digests(layout: Path) -> list[str]:
    document = json.loads((layout / "blobs" / top(layout).replace(":", "/")).read_bytes())
    return [top(layout), *(each["digest"] for each in document["manifests"])]


def test_index_and_images_are_signed_once_and_before_tags(
    proxy: Proxy, push: Pusher, key: Path, tmp_path: Path
) -> None:
    image = index(tmp_path / "app", [b"layer"], [b"arm64"]).root
    file = plan(tmp_path / "plan.json", planned(image))
    where = ["--repository", f"{proxy.host}/app"]
    unsigned = push.result(file, *where, "--tag", "v1")["images"][0]
    assert (unsigned["state"], unsigned["signatures_added"]) == ("pushed", 0)
    assert verify(push, key, f"{proxy.host}/app@{top(image)}") == 10
    proxy.clear()
    where += ["--tag", "v2", "--sign-key", str(key)]
    signed = push(file, *where, **_PASSWORD)
    assert signed.returncode == 0, signed.stderr
    assert signed.stdout.rstrip().endswith("  pushed, 3 signed")
    puts = [each.path.rpartition("/")[2] for each in proxy.requests("PUT", "/manifests/")]
    assert puts.index("v2") == len(puts) - 1
    for digest in digests(image):
        assert puts.index(digest.replace(":", "-")) < puts.index("v2")
        assert verify(push, key, f"{proxy.host}/app@{digest}") == 0
    again = push.result(file, *where, **_PASSWORD)["images"][0]
    assert (again["state"], again["signatures_added"]) == ("up to date", 0)


def test_a_key_that_cannot_be_used_pushes_nothing(
    proxy: Proxy, push: Pusher, key: Path, tmp_path: Path
) -> None:
    image = index(tmp_path / "app", [b"layer"], [b"arm64"]).root
    file = plan(tmp_path / "plan.json", planned(image))
    where = ("--repository", f"{proxy.host}/app", "--tag", "v1")
    done = push(file, *where, "--sign-key", str(tmp_path / "none.key"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path}/none.key: there is no such file with a private key\n")
    assert proxy.log == []
    done = push(file, *where, "--sign-key", str(key), COSIGN_PASSWORD="wrong")
    assert done.returncode == 1
    assert "is COSIGN_PASSWORD the password of this key?" in done.stderr
    assert proxy.log == []


def test_what_cannot_be_signed_gets_no_tag(proxy: Proxy, push: Pusher, key: Path, tmp_path: Path) -> None:
    file = plan(tmp_path / "plan.json", planned(index(tmp_path / "app", [b"layer"], [b"arm64"]).root))
    broken = tmp_path / "bin/cosign"
    broken.parent.mkdir()
    broken.write_text('#!/bin/sh\n[ "$1" = public-key ] && exec touch "$5"\necho "Error: no" >&2\nexit 1\n')
    broken.chmod(0o755)
    path = f"{broken.parent}:{push.environ()['PATH']}"
    where = ("--repository", f"{proxy.host}/app", "--tag", "v1", "--sign-key", str(key))
    done = push(file, *where, PATH=path, **_PASSWORD)
    assert done.returncode == 1
    assert "cosign signing-config: no" in done.stderr
    assert proxy.count("PUT", "/manifests/sha256:") == 3
    assert proxy.count("PUT", "/manifests/v1") == 0
