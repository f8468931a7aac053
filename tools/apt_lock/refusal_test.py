"""What the lock command does not believe: mirrors and signatures, and input that is none."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.apt_lock.archive import SUITES, Archive
from tools.apt_lock.locker import DEBS, INPUT, Locker


def test_a_mirror_that_is_down_is_not_taken_for_an_empty_one(locker: Locker) -> None:
    locker.ok("bookworm")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = locker.error("bookworm", "--snapshot", f"http://127.0.0.1:{port}/debian")
    assert "apt-get update failed" in error
    assert "No network, or the mirror is down." in error


def unsigned(locker: Locker) -> None:
    locker.archive.publish("bookworm", DEBS, sign=False)


def altered(locker: Locker) -> None:
    inrelease = locker.archive.publish("bookworm-security", [])
    inrelease.write_text(inrelease.read_text().replace("Version: 12.1", "Version: 12.2"))


def other_index(locker: Locker) -> None:
    inrelease = locker.archive.publish("bookworm", DEBS)
    for path in inrelease.parent.rglob("Packages*"):
        path.write_bytes(path.read_bytes() + b" ")


def foreign_key(locker: Locker) -> None:
    locker.archive = Archive(locker.folder / "other")
    locker.archive.publish_all(DEBS)
    locker.archive.keyring = locker.folder / "archive/keyring.pgp"


@pytest.mark.parametrize("damage", [unsigned, altered, other_index, foreign_key])
def test_what_is_not_signed_is_not_locked(locker: Locker, damage: Callable[[Locker], None]) -> None:
    locker.ok("bookworm")
    damage(locker)
    error = locker.error("bookworm")
    assert "apt-get update failed" in error
    assert "\n  E: " in error


def test_without_a_keyring_nothing_is_trusted(locker: Locker, tmp_path: Path) -> None:
    error = locker.error("bookworm", keyring=tmp_path / "none.pgp")
    assert "there is no keyring at" in error
    assert "debian-archive-keyring" in error


def test_an_expired_release_needs_a_snapshot(locker: Locker) -> None:
    locker.archive.publish("bookworm", DEBS, until="Sun, 12 Jul 2020 00:00:00 UTC")
    assert "--snapshot URL" in locker.error("bookworm")
    locker.ok("bookworm", "--snapshot", f"file://{locker.archive.root}/debian")
    inrelease = locker.archive.publish("bookworm", DEBS, until="Sun, 12 Jul 2020 00:00:00 UTC")
    inrelease.write_text(inrelease.read_text().replace("2020", "2021"))
    locker.error("bookworm", "--snapshot", f"file://{locker.archive.root}/debian")


def test_unknown_suites_and_files_are_named(locker: Locker) -> None:
    error = locker.error("sid")
    assert "unknown suite 'sid'; known are: bookworm\n" in error
    assert "apt/locks/sid.in.json" in error
    assert "gone.in.json: there is no such file" in locker.error("gone.in.json")


def test_an_input_anywhere_is_locked_beside_itself(locker: Locker) -> None:
    other = locker.folder / "team.in.json"
    other.write_text(json.dumps(INPUT))
    stale = locker.run("team.in.json", "--check")
    assert stale.returncode == 1
    assert stale.stdout.endswith("team.json is stale; refresh it: ./bazelw run //apt:lock -- team.in.json\n")
    locker.ok("team.in.json")
    assert (locker.folder / "team.json").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version is 2, this tool reads 1"),
        (
            {"sources": [{"archive": "debian", "suite": "bookworm", "architectures": ["amd64"]}]},
            "source 'bookworm' is for some architectures only and has no \"why\"",
        ),
        (
            {"sources": [{"archive": "debian", "suite": "bookworm", "architectures": ["s390x"], "why": "w"}]},
            "source 'bookworm' is for s390x, which is not locked",
        ),
        ({"sets": {"base": {"on": "essential", "roots": {}}}}, "set 'base' is on 'essential'"),
        (
            {"sources": [{"archive": "ports", "suite": "bookworm"}]},
            "bookworm.in.json: has the archive ports among its sources, which no mirror is known for\n",
        ),
        (
            {"sources": [{"archive": "debian", "suite": "nowhere"}]},
            "\n  The mirror lacks this suite; see the sources in the .in.json file.",
        ),
        ({"sets": {"x": {"roots": {"no-such-package": ""}}}}, "Unable to locate package no-such-package"),
        ({"sets": {"x": {"roots": {"clash": "", "python": ""}}}}, "apt-get install failed"),
        ({"sets": None}, "bookworm.in.json"),
    ],
)
def test_bad_input_is_named(locker: Locker, change: dict[str, Any], message: str) -> None:
    locker.input(INPUT | change)
    assert message in locker.error("bookworm")


def test_an_architecture_that_a_suite_lacks_is_named(locker: Locker) -> None:
    locker.input(INPUT | {"architectures": ["amd64", "riscv64"]})
    assert locker.error("bookworm") == "".join(
        f"error: {locker.locks}/bookworm.in.json: wants riscv64, and {suite} in the archive {archive} has "
        "packages for amd64, arm64\n"
        '  Leave it out of "architectures", of the lock or, with a reason, of this source alone.\n'
        for suite, archive in SUITES.items()
    )


@pytest.mark.parametrize("text", ["{", "[]", '{"suite": "bookworm"}'])
def test_input_that_is_no_input(locker: Locker, text: str) -> None:
    (locker.locks / "bookworm.in.json").write_text(text)
    assert "bookworm.in.json: " in locker.error("bookworm")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda blob: b"<<<<<<< HEAD\n" + blob, "is not an apt lock: it is not JSON (Expecting value"),
        (lambda blob: blob[:100], "is not an apt lock: "),
        (lambda blob: b"\xff" + blob, "is not an apt lock: "),
        (lambda blob: b"[]", "is not an apt lock: "),
        (
            lambda blob: blob.replace(b'"version": 1\n', b'"version": 2\n'),
            "is of version 2, this tool writes 1",
        ),
        (lambda blob: blob.replace(b'"sha256"', b'"sha1"'), "is not an apt lock: "),
    ],
)
def test_a_lock_that_cannot_be_read_is_written_anew(
    locker: Locker, damage: Callable[[bytes], bytes], reason: str
) -> None:
    locker.ok("bookworm")
    good = locker.lock.read_bytes()
    bad = damage(good)
    assert bad != good
    locker.lock.write_bytes(bad)
    stale = locker.run("bookworm", "--check")
    assert stale.returncode == 1
    assert locker.lock.read_bytes() == bad
    output = locker.ok("bookworm")
    assert f"bookworm.json: the old lock {reason}" in output
    assert "  + amd64 libapt 2.6+b1 (1 kB)\n" in output
    assert locker.lock.read_bytes() == good


def test_without_apt_it_says_where_there_is_one(locker: Locker) -> None:
    assert "BAZELW_TOOLBOX=1 ./bazelw run //apt:lock" in locker.error("bookworm", PATH="/nowhere")
