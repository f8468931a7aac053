"""The lock command with the real apt-get, from signed archives made here."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from tools.apt_lock.archive import Deb
from tools.apt_lock.locker import DEBS, INPUT, Locker


def test_lock_has_what_apt_chooses(locker: Locker) -> None:
    locker.ok("bookworm")
    lock = locker.content()
    sets = {name: value["packages"]["arm64"] for name, value in lock["sets"].items()}
    assert sets == {
        "essential": ["apt", "base-files", "libapt", "libc6"],
        "base": ["certs", "ssl"],
        "python": ["python", "sqlite"],
    }
    assert {name: value["on"] for name, value in lock["sets"].items()} == {
        "essential": None,
        "base": "essential",
        "python": "base",
    }
    assert [lock["sets"][name]["auto"]["amd64"] for name in ("essential", "base", "python")] == [
        [],
        ["ssl"],
        ["sqlite"],
    ]
    file = "libapt_2.6+b1_arm64.deb"
    assert lock["packages"]["arm64"]["libapt"] == {
        "archive": "debian",
        "architecture": "arm64",
        "path": f"pool/main/l/libapt/{file}",
        "sha256": hashlib.sha256(file.encode()).hexdigest(),
        "size": 1000 + len(file),
        "version": "2.6+b1",
    }
    assert list(lock["packages"]["arm64"]["libapt"]) == sorted(lock["packages"]["arm64"]["libapt"])
    assert list(lock["packages"]["arm64"]) == sorted(lock["packages"]["arm64"])
    assert lock["packages"]["amd64"]["certs"] == lock["packages"]["arm64"]["certs"]
    assert lock["packages"]["amd64"]["apt"]["version"] == "1:2.6"
    assert lock["releases"]["bookworm"] == {
        "archive": "debian",
        "date": "Sat, 11 Jul 2026 10:16:37 UTC",
        "version": "12.1",
    }


def test_lock_names_no_host_or_folder(locker: Locker) -> None:
    locker.ok("bookworm")
    assert "://" not in locker.lock.read_text()
    assert str(locker.folder) not in locker.lock.read_text()


def test_security_and_updates_are_taken(locker: Locker) -> None:
    newer = {"bookworm-security": [Deb("ssl", "1.1")], "bookworm-updates": [Deb("sqlite", "2.1")]}
    locker.archive.publish_all(DEBS, newer)
    locker.ok()
    packages = locker.content()["packages"]["amd64"]
    assert (packages["ssl"]["version"], packages["ssl"]["archive"]) == ("1.1", "debian-security")
    assert (packages["sqlite"]["version"], packages["sqlite"]["archive"]) == ("2.1", "debian")
    assert packages["libc6"]["archive"] == "debian"


def test_a_source_for_one_architecture_is_none_for_the_other(locker: Locker) -> None:
    locker.archive.publish_all(DEBS, {"bookworm-security": [Deb("ssl", "1.1")]})
    *others, security = INPUT["sources"]
    locker.input(INPUT | {"sources": [*others, security | {"architectures": ["amd64"], "why": "gone"}]})
    locker.ok()
    packages = locker.content()["packages"]
    assert (packages["amd64"]["ssl"]["version"], packages["arm64"]["ssl"]["version"]) == ("1.1", "1.0")


def test_what_both_archives_have_is_locked_in_the_main_one(locker: Locker) -> None:
    locker.archive.publish_all(DEBS, {"bookworm-security": [Deb("ssl")]})
    locker.ok()
    assert locker.content()["packages"]["amd64"]["ssl"]["archive"] == "debian"


def test_same_archive_same_bytes(locker: Locker) -> None:
    locker.ok("bookworm", TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    first = locker.lock.read_bytes()
    locker.lock.unlink()
    locker.ok("bookworm", umask=0o077, TZ="Asia/Tokyo", LC_ALL="C.UTF-8", PYTHONHASHSEED="2")
    assert locker.lock.read_bytes() == first


def test_the_machines_apt_configuration_has_no_say(locker: Locker, tmp_path: Path) -> None:
    locker.ok("bookworm")
    first = locker.lock.read_bytes()
    config = tmp_path / "apt.conf"
    config.write_text('APT::Install-Recommends "true";\nAPT::Architecture "i386";\n')
    locker.ok("bookworm", APT_CONFIG=str(config))
    assert locker.lock.read_bytes() == first


def test_diff_shows_added_removed_and_upgraded(locker: Locker) -> None:
    output = locker.ok("bookworm")
    assert output.startswith(
        "bookworm.json: 16 packages locked for amd64, arm64: 16 added; 15 kB to download\n"
    )
    assert "  + amd64 libapt 2.6+b1 (1 kB)\n" in output
    assert "  + set python: 2 on amd64, 2 on arm64 packages\n" in output
    changed = [deb for deb in DEBS if deb.name not in ("ssl", "libapt")] + [Deb("ssl", "1.0.1")]
    locker.archive.publish("bookworm", changed)
    output = locker.ok("bookworm")
    assert output.startswith(
        "bookworm.json: 16 packages locked for amd64, arm64: "
        "2 added, 2 removed, 2 upgraded; 4 kB to download\n"
    )
    assert "  ~ amd64 ssl 1.0 -> 1.0.1 (1 kB)\n" in output
    assert "  - amd64 libapt 2.6+b1\n" in output
    assert "  + amd64 libapt-other 1.0 (1 kB)\n" in output
    assert "  ~ set essential: +libapt-other -libapt\n" in output
    output = locker.ok("bookworm")
    assert "nothing new to download" in output
    assert "  no package has changed\n" in output


def test_a_downgrade_reads_as_one(locker: Locker) -> None:
    locker.archive.publish_all([*DEBS, Deb("ssl", "1:0.9"), Deb("sqlite", "2.1~rc1")])
    locker.ok("bookworm")
    locker.archive.publish_all([deb for deb in DEBS if deb.name != "sqlite"] + [Deb("sqlite", "2.1")])
    output = locker.ok("bookworm")
    assert "arm64: 2 upgraded, 2 downgraded; " in output
    assert "  ~ amd64 ssl 1:0.9 -> 1.0, which is older (1 kB)\n" in output
    assert "  ~ amd64 sqlite 2.1~rc1 -> 2.1 (1 kB)\n" in output


def test_other_bytes_of_the_same_version_are_a_change(locker: Locker) -> None:
    locker.ok("bookworm")
    content = locker.content()
    content["packages"]["amd64"]["ssl"]["sha256"] = "0" * 64
    locker.lock.write_text(json.dumps(content))
    stale = locker.run("bookworm", "--check")
    assert stale.returncode == 1
    assert "  ~ amd64 ssl 1.0, changed sha256 (1 kB)\n" in stale.stdout


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"sources": INPUT["sources"][:1]},
            "~ sources bookworm bookworm-security bookworm-updates -> bookworm",
        ),
        ({"merged_usr": False}, "~ merged_usr True -> False"),
        (
            {"sets": INPUT["sets"] | {"more": {"on": "python", "roots": {"extra": ""}}}},
            "+ set more: 1 on amd64",
        ),
        ({"sets": {"essential": INPUT["sets"]["essential"]}}, "- set python"),
        (
            {"sets": INPUT["sets"] | {"base": {"on": "essential", "roots": {"certs": "", "ssl": ""}}}},
            "~ set base: ",
        ),
    ],
)
def test_another_input_makes_a_lock_stale(locker: Locker, change: dict[str, Any], line: str) -> None:
    locker.ok("bookworm")
    locker.input(INPUT | change)
    stale = locker.run("bookworm", "--check")
    assert stale.returncode == 1
    assert f"  {line}" in stale.stdout


def test_an_interrupted_run_leaves_the_old_lock(locker: Locker) -> None:
    """Ctrl-C while the mirror has yet to answer: it is sent to the whole foreground."""
    locker.ok("bookworm")
    before = locker.lock.read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = locker.start("bookworm", "--snapshot", f"http://127.0.0.1:{server.getsockname()[1]}/debian")
        server.accept()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait() == 130
    assert locker.lock.read_bytes() == before
    assert {path.name for path in locker.locks.iterdir()} == {"bookworm.in.json", "bookworm.json"}
    assert list((locker.folder / "tmp").iterdir()) == []


def test_two_runs_at_once_write_one_good_lock(locker: Locker) -> None:
    locker.ok("bookworm")
    good = locker.lock.read_bytes()
    locker.lock.unlink()
    runs = [locker.start("bookworm") for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    assert locker.lock.read_bytes() == good
    assert {path.name for path in locker.locks.iterdir()} == {"bookworm.in.json", "bookworm.json"}


def test_help_names_every_option(locker: Locker) -> None:
    shown = locker.ok("--help")
    for option in ("SUITE", "--check", "--snapshot URL", "--security-snapshot URL", "--keyring FILE"):
        assert option in shown
    assert "--mirrors" not in shown


def test_check_fails_on_a_stale_lock_and_writes_nothing(locker: Locker) -> None:
    missing = locker.run("bookworm", "--check")
    assert missing.returncode == 1
    assert not locker.lock.exists()
    locker.ok("bookworm")
    before = locker.lock.read_bytes()
    locker.ok("bookworm", "--check")
    locker.archive.publish("bookworm-security", [Deb("ssl", "1.1")])
    stale = locker.run("bookworm", "--check")
    assert stale.returncode == 1
    assert "~ amd64 ssl 1.0 -> 1.1" in stale.stdout
    assert "bookworm.json is stale; refresh it: ./bazelw run //apt:lock -- bookworm" in stale.stdout
    assert locker.lock.read_bytes() == before


def test_a_new_release_date_alone_is_recorded_but_is_not_stale(locker: Locker) -> None:
    locker.ok("bookworm")
    locker.archive.publish("bookworm", DEBS, date="Sun, 12 Jul 2026 00:00:00 UTC")
    locker.ok("bookworm", "--check")
    locker.ok("bookworm")
    assert locker.content()["releases"]["bookworm"]["date"].startswith("Sun, 12 Jul")
