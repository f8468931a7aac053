"""Fetching locked .debs with the real Bazel, from mirrors on loopback, and what a user sees when it fails."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from apt.tests.nested import Nested, locked, only_with, served
from tools.deb_part.debs import Content, build, by_hand

TARGET = "@bookworm//packages:tool.amd64"
REFRESH = "./bazelw run //apt:lock -- bookworm"


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nested]:
    workspace = Nested(tmp_path_factory.mktemp("nested"))
    yield workspace
    workspace.bazel("shutdown")


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "archive/debian"
    folder.mkdir(parents=True)
    return folder


# Each test has a version of its own, so that none finds the .deb of another in a cache.
def tool(tmp_path: Path, mirror: Path, version: str) -> dict[str, Any]:
    built = build(tmp_path, "tool", Content(files={"usr/bin/tool": version}), version=version)
    return locked(built.path, mirror, name="tool", version=version, arch="amd64")


def fails(nested: Nested, env: Mapping[str, str]) -> str:
    """The message of a build that fails: what fail() or the action says."""
    done = nested.bazel("build", TARGET, env=env)
    assert done.returncode == 1, done.stderr
    lines = done.stderr.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith(("Error in fail: apt:", "error: "))]
    assert len(starts) == 1, done.stderr
    end = next(n for n in range(starts[0] + 1, len(lines)) if not lines[n].startswith("  "))
    return "\n".join(lines[starts[0] : end])


@pytest.mark.parametrize(
    ("version", "scheme"), [("1+http~1", "http"), ("1:1+file", "file:"), ("1:1+file3", "file://")]
)
def test_a_deb_comes_from_the_mirror_and_becomes_a_part(
    nested: Nested, tmp_path: Path, mirror: Path, version: str, scheme: str
) -> None:
    nested.lock({"tool": tool(tmp_path, mirror, version)})
    with served(mirror.parent) as url:
        where = f"{url}/debian" if scheme == "http" else f"{scheme}{mirror}"
        done = nested.bazel("build", TARGET, env={"APT_MIRROR": where})
    assert done.returncode == 0, done.stderr
    found = nested.bazel("cquery", "--output=files", TARGET, env={"APT_MIRROR": where}).stdout.strip()
    with tarfile.open(nested.root / found) as part:
        assert "usr/bin/tool" in part.getnames()


def test_a_changed_hash_shows_both_and_the_command(nested: Nested, tmp_path: Path, mirror: Path) -> None:
    entry = tool(tmp_path, mirror, "2")
    nested.lock({"tool": entry | {"sha256": "0" * 64}})
    with served(mirror.parent) as url:
        message = fails(nested, {"APT_MIRROR": f"{url}/debian"})
        assert "the .deb of tool 2 (amd64) has other bytes than the lock says" in message
        assert f"expected SHA-256 {'0' * 64}" in message
        assert f"got SHA-256      {entry['sha256']}" in message
        assert REFRESH in message
        nested.lock({"tool": entry})
        done = nested.bazel("build", TARGET, env={"APT_MIRROR": f"{url}/debian"})
        assert done.returncode == 0, "the failure must leave nothing behind"


def test_a_deb_that_is_gone_is_named_and_a_snapshot_has_it(
    nested: Nested, tmp_path: Path, mirror: Path
) -> None:
    entry = tool(tmp_path, tmp_path / "snapshot/debian/20260101T000000Z", "3")
    nested.lock({"tool": entry})
    with served(tmp_path) as url:
        env = {"APT_MIRROR": f"{url}/archive/debian"}
        message = fails(nested, env)
        assert "the .deb of tool 3 (amd64) is no longer on the mirror" in message
        assert f"{url}/archive/debian/{entry['path']}" in message
        assert REFRESH in message
        assert "APT_SNAPSHOT_MIRROR=" in message
        env["APT_SNAPSHOT_MIRROR"] = f"{url}/snapshot/debian/20260101T000000Z"
        assert nested.bazel("build", TARGET, env=env).returncode == 0


def test_no_network_names_the_mirror(nested: Nested, tmp_path: Path, mirror: Path) -> None:
    nested.lock({"tool": tool(tmp_path, mirror, "4")})
    with served(mirror) as url:
        pass
    message = fails(nested, {"APT_MIRROR": f"{url}/debian"})
    assert "cannot fetch the .deb of tool 4 (amd64); there is no network, or the mirror is down" in message
    assert f"{url}/debian/pool/main/t/tool/tool_4_amd64.deb: " in message
    assert "Connection refused" in message
    assert "APT_MIRROR=" in message


def test_a_dead_proxy_is_named_without_its_password(nested: Nested, tmp_path: Path, mirror: Path) -> None:
    nested.lock({"tool": tool(tmp_path, mirror, "7")})
    with served(mirror) as url:
        host = url.removeprefix("http://")
    env = {"APT_MIRROR": "http://mirror.example/debian", "http_proxy": f"http://me:secret@{host}"}
    message = fails(nested, env)
    assert "cannot fetch the .deb of tool 7 (amd64)" in message
    assert (
        f"\n  All goes through a proxy that the environment names: http_proxy=http://***@{host}\n" in message
    )
    assert "secret" not in message


def test_a_mirror_that_is_no_url_is_named(nested: Nested, tmp_path: Path, mirror: Path) -> None:
    nested.lock({"tool": tool(tmp_path, mirror, "8")})
    assert fails(nested, {"APT_MIRROR": "bogus"}).splitlines() == [
        "Error in fail: apt: APT_MIRROR=bogus is no address of a Debian mirror.",
        "  Give a URL that holds dists/ and pool/: APT_MIRROR=http://HOST/debian (or https:, or file:/PATH)",
    ]


def test_a_server_error_is_not_taken_for_a_missing_deb(nested: Nested, tmp_path: Path, mirror: Path) -> None:
    nested.lock({"tool": tool(tmp_path, mirror, "5")})
    with served(mirror.parent) as url:
        message = fails(nested, {"APT_MIRROR": f"{url}/broken/debian"})
    assert "cannot fetch the .deb of tool 5 (amd64)" in message
    assert "tool_5_amd64.deb: HTTP status 503" in message


def test_without_any_mirror_it_says_how_to_name_one(nested: Nested, tmp_path: Path, mirror: Path) -> None:
    nested.lock({"tool": tool(tmp_path, mirror, "6")})
    message = fails(nested, {"PATH": only_with(["bazel", "java", "javac", "python3"], tmp_path / "bin")})
    assert "this machine's apt has no Debian mirror among its sources, and APT_MIRROR is not set" in message
    assert "APT_MIRROR=http://HOST/debian" in message


@pytest.mark.parametrize(
    ("arch", "error"),
    [
        (
            "riscv64",
            'base.riscv64: the lock @bookworm has no packages for arch = "riscv64", only for amd64, arm64.\n'
            '  If the suite has it, add it to "architectures" in the lock\'s .in.json and write the lock '
            "anew: " + REFRESH,
        ),
        (
            "x86_64",
            '//apt/locks/probe:x: arch = "x86_64" is no architecture of Debian; its names for them',
        ),
    ],
)
def test_an_architecture_that_the_lock_lacks_is_named(nested: Nested, arch: str, error: str) -> None:
    nested.lock({})
    probe = nested.own / "probe/BUILD.bazel"
    probe.parent.mkdir(exist_ok=True)
    probe.write_text(
        'load("//apt:defs.bzl", "apt_layer")\n'
        f'apt_layer(name = "x", arch = "{arch}", lock = "@bookworm", set = "base")\n'
    )
    done = nested.bazel("build", "--nobuild", "//apt/locks/probe:x")
    assert done.returncode != 0
    assert error in done.stderr
    assert done.stderr.count("Error in fail: ") == 1


def test_a_hostile_deb_fails_by_name(nested: Nested, tmp_path: Path, mirror: Path) -> None:
    bad = by_hand(tmp_path, [tarfile.TarInfo("./../../etc/cron.d/evil")])
    entry = locked(bad.path, mirror, name="bad", version="1", arch="all")
    nested.lock({"tool": entry | {"version": "1"}})
    message = fails(nested, {"APT_MIRROR": f"file:{mirror}"})
    assert "the .deb of tool 1 (all) is of another package: bad 1 all" in message
