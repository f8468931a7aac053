"""A push that signs, and the real cosign, which verifies what came of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.airgap.registry import Registry
from tests.push.images import Pusher, index, plan, planned, top
from tests.push.proxy import Proxy
from tests.supply_chain.signing import PASSWORD, Place, keys


@pytest.fixture(name="image")
def _image(tmp_path: Path) -> Path:
    return index(tmp_path / "app", [b"layer"], [b"arm64"]).root


@pytest.fixture(name="file")
def _file(image: Path, tmp_path: Path) -> Path:
    return plan(tmp_path / "plan.json", planned(image))


def parts(image: Path) -> list[str]:
    """The digests of the images of an index, and its own."""
    document = json.loads((image / "blobs" / top(image).replace(":", "/")).read_bytes())
    return [*(each["digest"] for each in document["manifests"]), top(image)]


def test_images_and_their_index_are_signed_before_the_tag_and_once(
    registry: Registry, proxy: Proxy, push: Pusher, image: Path, file: Path, tmp_path: Path
) -> None:
    key, public = keys(tmp_path)
    where = ("--repository", f"{proxy.host}/app", "--tag", "v1", "--sign-key", str(key))
    push.result(file, *where, COSIGN_PASSWORD=PASSWORD)
    place = Place(registry, "app", push.home)
    for digest in parts(image):
        done = place.verify(public, place.reference(digest))
        assert done.returncode == 0, done.stderr
        assert len(place.referrers(digest)) == 1
    signed = [digest.replace(":", "-") for digest in parts(image)]
    order = [each.path.rpartition("/")[2] for each in proxy.requests("PUT", "/manifests/")]
    assert max(order.index(tag) for tag in signed) < order.index("v1")

    proxy.clear()
    again = push.result(file, *where, COSIGN_PASSWORD=PASSWORD)
    assert again["images"][0]["state"] == "up to date"
    assert {each.method for each in proxy.log} <= {"GET", "HEAD"}


def test_a_key_that_does_not_work_is_told_before_anything_is_sent(
    proxy: Proxy, push: Pusher, file: Path, tmp_path: Path
) -> None:
    key, _ = keys(tmp_path)
    where = ("--repository", f"{proxy.host}/app", "--tag", "v1", "--sign-key")
    for name, problem in (
        (str(key), f"error: {key}: cosign public-key: "),
        (f"{key}.lost", f"error: {key}.lost: there is no such file with a private key"),
        ("env://NO_KEY", "error: the key is env://NO_KEY, but there is no such variable"),
    ):
        done = push(file, *where, name, COSIGN_PASSWORD="wrong")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(problem)
    assert not proxy.log


def test_an_image_that_cannot_be_signed_gets_no_tag(
    proxy: Proxy, push: Pusher, file: Path, tmp_path: Path
) -> None:
    key, _ = keys(tmp_path)
    broken = tmp_path / "bin/cosign"
    broken.parent.mkdir()
    broken.write_text('#!/bin/sh\n[ "$1" = public-key ] && exec touch "$5"\necho "Error: no" >&2\nexit 1\n')
    broken.chmod(0o755)
    path = f"{broken.parent}:{push.environ()['PATH']}"
    where = ("--repository", f"{proxy.host}/app", "--tag", "v1", "--sign-key", str(key))
    done = push(file, *where, PATH=path, COSIGN_PASSWORD=PASSWORD)
    assert done.returncode == 1
    assert "cosign signing-config: no" in done.stderr
    assert proxy.count("PUT", "/manifests/sha256:") == 3
    assert proxy.count("PUT", "/manifests/v1") == 0
