"""What a push makes of a bad way to a registry, and of a bad registry."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.airgap.layout import sha256
from tests.airgap.registry import Registry, serve
from tests.push.checks import check_complete
from tests.push.images import INDEX, Pusher, dumped, index, noise, plan, planned, top
from tests.push.proxy import Fault, Proxy

BIG = noise("big", 1_000_000)
SMALL = noise("small", 100_000)
AGAIN = {"Retry-After": "0"}
UNKNOWN = b'{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to registry"}]}'


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    made = index(tmp_path / "app", [BIG, SMALL], [SMALL, noise("third", 1000)])
    return plan(tmp_path / "plan.json", planned(made.root))


def blob(folder: Path, data: bytes) -> Path:
    return folder / "app/blobs" / sha256(data).replace(":", "/")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fault("HEAD", "/manifests/v1", status=429, headers=AGAIN),
        lambda: Fault("HEAD", "/blobs/", status=503, headers=AGAIN, times=3),
        lambda: Fault("POST", "/uploads/", status=500, headers=AGAIN, times=2),
        lambda: Fault("PATCH", status=429, headers=AGAIN, times=2),
        lambda: Fault("PATCH", status=502, times=2),
        lambda: Fault("PATCH", cut_after=300_000, times=2),
        lambda: Fault("PATCH", cut_answer=True),
        lambda: Fault("PUT", "/blobs/uploads/", status=504, headers=AGAIN),
        lambda: Fault("PUT", "/blobs/uploads/", cut_answer=True, times=2),
        lambda: Fault("PUT", "/blobs/uploads/", cut_after=0),
        lambda: Fault("PUT", "/manifests/sha256", status=429, headers=AGAIN, times=2),
        lambda: Fault("PUT", "/manifests/v1", cut_answer=True),
        lambda: Fault("PUT", "/manifests/sha256", status=400, body=UNKNOWN, times=2),
        lambda: Fault("HEAD", "/manifests/v1", status=404, times=3),  # the first is the survey
        lambda: Fault("HEAD", "/manifests/v1", cut_after=0, times=2),
    ],
)
def test_a_bad_way_is_gone_again(
    make: Callable[[], Fault], registry: Registry, proxy: Proxy, push: Pusher, file: Path
) -> None:
    fault = make()
    proxy.faults.append(fault)
    push.result(file, "--repository", f"{proxy.host}/app", "--tag", "v1")
    assert fault.times == 0
    check_complete(registry, "app", "v1")


def test_after_a_cut_the_rest_is_sent(registry: Registry, proxy: Proxy, push: Pusher, file: Path) -> None:
    """Where the registry keeps what came before the cut; Debian's does not, so the proxy does it for it."""
    proxy.faults.append(Fault("PATCH", cut_after=600_000, keep=True))
    push.result(file, "--repository", f"{proxy.host}/app", "--tag", "v1", "--jobs", "1")
    check_complete(registry, "app", "v1")
    assert proxy.sent() == len(BIG) + len(SMALL) + 1000 + _configs(file)


def test_what_is_sent_twice_is_not_taken_from_what_is_skipped(
    proxy: Proxy, push: Pusher, file: Path, tmp_path: Path
) -> None:
    before = plan(tmp_path / "before.json", planned(index(tmp_path / "before", [SMALL], [SMALL]).root))
    push.result(before, "--repository", f"{proxy.host}/app", "--tag", "v0")
    proxy.faults.append(Fault("PATCH", cut_after=600_000))
    result = push.result(file, "--repository", f"{proxy.host}/app", "--tag", "v1")
    assert result["bytes_sent"] > len(BIG) + 500_000
    assert result["bytes_skipped"] == len(SMALL) + _configs(file)


def test_the_json_of_a_push_that_fails_has_all_images(proxy: Proxy, push: Pusher, tmp_path: Path) -> None:
    images = [
        planned(index(tmp_path / name, [SMALL, name.encode()], [b"arm64"]).root, suffix=name)
        for name in ("good", "bad")
    ]
    proxy.faults.append(Fault("PUT", "/team/bad/manifests/", status=403))
    file = plan(tmp_path / "plan.json", *images)
    done = push(file, "--repository", f"{proxy.host}/team", "--tag", "v1", "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    good, bad = document.pop("images")
    assert document.keys() == {"bytes_sent", "bytes_skipped", "seconds_elapsed", "version"}
    assert document["bytes_skipped"] == good["bytes_skipped"] + bad["bytes_skipped"]
    for image, name in ((good, "good"), (bad, "bad")):
        assert image.pop("seconds") > 0
        assert image.pop("bytes_sent") > 0
        image.pop("bytes_skipped")
        assert image.pop("digest") == top(tmp_path / name)
    error = bad.pop("error")
    same = {"signatures_added": 0, "tags": ["v1"]}
    where = f"{proxy.host}/team/"
    assert good == same | {
        "error": None,
        "name": "//test:good",
        "repository": where + "good",
        "state": "pushed",
    }
    assert bad == same | {"name": "//test:bad", "repository": where + "bad", "state": "failed"}
    assert error.startswith(f"error: {proxy.host}: can't store {proxy.host}/team/bad@sha256:")
    assert done.stderr.endswith(error + "\n")


def test_without_a_push_there_is_no_json(push: Pusher, file: Path) -> None:
    done = push(file, "--repository", "localhost:1/app", "--tag", "", "--json")
    assert (done.returncode, done.stdout) == (1, "")


def test_a_registry_that_stays_busy_is_an_error(proxy: Proxy, push: Pusher, file: Path) -> None:
    proxy.faults.append(Fault("PATCH", status=503, headers=AGAIN, times=99))
    done = push(file, "--repository", f"{proxy.host}/app", "--tag", "v1", "--retries", "2")
    assert done.returncode == 1
    assert re.search(
        rf"error: {proxy.host}: can't send blob sha256:\w+ to {proxy.host}/app: 503 .*, 3 times",
        done.stderr,
    )
    assert proxy.count("PUT", "/manifests/") == 0


def test_retry_after_is_obeyed(proxy: Proxy, push: Pusher, file: Path) -> None:
    """The first pauses would be shorter than this one, and the next ones are."""
    proxy.faults.append(Fault("HEAD", "/manifests/v1", status=429, headers={"Retry-After": "2"}))
    result = push.result(file, "--repository", f"{proxy.host}/app", "--tag", "v1")
    assert result["images"][0]["seconds"] >= 2


def _configs(file: Path) -> int:
    """Bytes of both configurations, which are the only blobs of that size."""
    sizes = [blob.stat().st_size for blob in file.parent.glob("app/blobs/sha256/*")]
    return sum(size for size in sizes if size < 150)


@pytest.mark.parametrize(
    ("faults", "chunk", "saved"),
    [
        # In the second blob: the first one is complete.
        ([Fault("PATCH"), Fault("PATCH", hold_after=50_000)], "10M", len(BIG)),
        # In the second chunk of the first blob: Debian's registry goes on after the first chunk.
        ([Fault("PATCH"), Fault("PATCH", hold_after=50_000)], "400k", 400_000),
        # In the middle of a request, where the registry keeps half of it.
        ([Fault("PATCH", hold_after=300_000, keep=True)], "10M", 300_000),
    ],
)
def test_a_push_that_is_killed_goes_on(
    faults: list[Fault],
    chunk: str,
    saved: int,
    registry: Registry,
    proxy: Proxy,
    push: Pusher,
    file: Path,
) -> None:
    where = ("--repository", f"{proxy.host}/app", "--tag", "v1", "--jobs", "1", "--chunk-size", chunk)
    proxy.faults += [replace(fault, held=threading.Event()) for fault in faults]
    last = proxy.faults[-1]
    with subprocess.Popen(
        push.command(file, *where), env=push.environ(), stderr=subprocess.DEVNULL
    ) as process:
        assert last.held.wait(60)
        process.kill()
    assert proxy.count("PUT", "/manifests/") == 0
    proxy.clear()
    push.result(file, *where)
    assert proxy.sent() == len(BIG) + len(SMALL) + 1000 + _configs(file) - saved
    check_complete(registry, "app", "v1")


def test_two_pushes_at_once_do_not_mix(registry: Registry, proxy: Proxy, push: Pusher, file: Path) -> None:
    """The second begins while the first is in the middle of a blob, and writes to no upload of the first."""
    first = Fault("PATCH", hold_after=300_000)
    proxy.faults.append(first)
    where = ("--repository", f"{proxy.host}/app", "--tag", "v1", "--jobs", "1")
    with subprocess.Popen(
        push.command(file, *where), env=push.environ(), stderr=subprocess.DEVNULL
    ) as process:
        assert first.held.wait(60)
        push.result(file, *where)
        uploads = {each.path.partition("?")[0] for each in proxy.requests("PATCH")}
        assert len(uploads) == proxy.count("PATCH")
        process.kill()
    check_complete(registry, "app", "v1")


def test_an_interrupt_ends_a_push_at_once(proxy: Proxy, push: Pusher, file: Path) -> None:
    proxy.faults.append(Fault("PATCH", status=503, headers={"Retry-After": "200"}))
    proxy.faults.append(Fault("POST", "/uploads/", status=503, headers={"Retry-After": "200"}, times=9))
    command = push.command(file, "--repository", f"{proxy.host}/app", "--tag", "v1")
    with subprocess.Popen(command, env=push.environ(), stderr=subprocess.PIPE, text=True) as process:
        while not any(each.status == 503 for each in proxy.log):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told


def test_a_registry_that_is_read_only_says_so(tmp_path: Path, push: Pusher, file: Path) -> None:
    with serve(tmp_path / "readonly", read_only=True) as registry:
        done = push(file, "--repository", f"{registry.host}/app", "--tag", "v1")
        assert done.returncode == 1
        assert "405 Method Not Allowed" in done.stderr
        assert "it is read-only" in done.stderr


def test_what_a_read_only_registry_has_is_no_error(tmp_path: Path, push: Pusher, file: Path) -> None:
    folder = tmp_path / "registry"
    with serve(folder) as registry:
        push.result(file, "--repository", f"{registry.host}/app", "--tag", "v1")
    with serve(folder, read_only=True) as registry:
        result = push.result(file, "--repository", f"{registry.host}/app", "--tag", "v1")
        assert result["images"][0]["state"] == "up to date"


def test_somebody_else_moves_a_tag_meanwhile(proxy: Proxy, push: Pusher, file: Path, tmp_path: Path) -> None:
    proxy.faults.append(Fault("PUT", "/manifests/v1", swallow=True))
    done = push(file, "--repository", f"{proxy.host}/app", "--tag", "v1")
    assert done.returncode == 1
    assert f"{proxy.host}/app:v1 is at nothing, and not at {top(tmp_path / 'app')}" in done.stderr


def test_parts_that_stay_unknown_are_an_error(proxy: Proxy, push: Pusher, file: Path) -> None:
    proxy.faults.append(Fault("PUT", "/manifests/sha256", status=400, body=UNKNOWN, times=9))
    done = push(file, "--repository", f"{proxy.host}/app", "--tag", "v1")
    assert done.returncode == 1
    assert "400 Bad Request (MANIFEST_BLOB_UNKNOWN: blob unknown to registry)" in done.stderr
    assert "run this again, it sends what is missing" in done.stderr
    assert proxy.count("PUT", "/manifests/") == 3


def test_both_digests_are_named_when_somebody_else_moves_a_tag(
    registry: Registry, proxy: Proxy, push: Pusher, file: Path, tmp_path: Path
) -> None:
    """Between our PUT and the HEAD that looks whether the tag is where it should be."""
    busy = Fault("HEAD", "/manifests/v1", status=503, headers={"Retry-After": "3"})
    proxy.faults += [Fault("HEAD", "/manifests/v1"), busy]
    command = push.command(file, "--repository", f"{proxy.host}/app", "--tag", "v1")
    with subprocess.Popen(command, env=push.environ(), stderr=subprocess.PIPE, text=True) as process:
        while busy.times:
            assert process.poll() is None
            time.sleep(0.01)
        ours = top(tmp_path / "app")
        assert sha256(registry.manifest("app", "v1")) == ours
        document = json.loads(registry.manifest("app", ours))
        theirs = registry.put_manifest("app", "v1", dumped(document | {"annotations": {"a": "b"}}), INDEX)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"{proxy.host}/app:v1 is at {theirs}, and not at {ours}" in told
    assert sha256(registry.manifest("app", "v1")) == theirs
