"""The lock command writes an index of sonames, from a signed archive with Contents and real .debs."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.apt_lock.archive import Deb
from tools.apt_lock.locker import INPUT, Locker
from tools.elf_scan.elf_writer import Spec, write

TRIPLETS = {"amd64": ("x86_64-linux-gnu", 62), "arm64": ("aarch64-linux-gnu", 183)}
CONTENTS = """\
usr/lib/{triplet}/libc.so.6 libs/libc6
usr/lib/{triplet}/libm.so.6 libs/libc6
usr/lib/{triplet}/libcrypt.so.1 libs/libc6
usr/lib/{triplet}/libtls.so.3 libs/ssl
usr/lib/{triplet}/libgone.so.1 libs/gone
usr/share/doc/libc6/libc.so.6 libs/libc6
"""


def deb(folder: Path, arch: str, machine: int, triplet: str) -> bytes:
    """libc6, of which libc.so.6 defines versions; what lies elsewhere or is for others does not count."""
    root = folder / arch
    (root / "DEBIAN").mkdir(parents=True)
    fields = "Maintainer: Nobody <nobody@example.org>\nDescription: test\n"
    (root / "DEBIAN/control").write_text(f"Package: libc6\nVersion: 2.36-9\nArchitecture: {arch}\n{fields}")
    own = "GLIBC_2.17" if arch == "arm64" else "GLIBC_2.2.5"
    for path, spec in {
        f"usr/lib/{triplet}/libc-2.36.so": Spec(
            "libc.so.6", machine=machine, defined=[own, "GLIBC_2.36", "GLIBC_2.4"]
        ),
        f"usr/lib/{triplet}/libm.so.6": Spec("libm.so.6", machine=machine),
        f"usr/lib/{triplet}/libcrypt.so.1": Spec("libcrypt.so.1", machine=40, defined=["FOREIGN"]),
        f"usr/lib/{triplet}/other/libc.so.6": Spec("libc.so.6", machine=machine, defined=["ELSEWHERE"]),
        f"usr/lib/{triplet}/libc_unknown.so": Spec("libc_unknown.so", machine=machine, defined=["UNKNOWN"]),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(write(spec))
    (root / f"usr/lib/{triplet}/text").write_text("no library")
    (root / f"usr/lib/{triplet}/libc.so.6").symlink_to("libc-2.36.so")
    built = folder / f"{arch}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", root, built], check=True, capture_output=True
    )
    return built.read_bytes()


@pytest.fixture(scope="module")
def debs() -> list[Deb]:
    with tempfile.TemporaryDirectory(prefix="locker-") as folder:
        files = {
            arch: deb(Path(folder), arch, machine, triplet) for arch, (triplet, machine) in TRIPLETS.items()
        }
    names = [Deb(name, fields="Essential: yes\n") for name in ("apt", "certs", "python")]
    return [*names, Deb("libc6", "2.36-9", files=files), Deb("ssl")]


@pytest.fixture
def locker(debs: list[Deb]) -> Iterator[Locker]:
    with tempfile.TemporaryDirectory(prefix="locker-") as folder:
        locker = Locker(Path(folder), debs)
        locker.input(INPUT | {"sonames": True})
        publish(locker, debs)
        yield locker


def publish(locker: Locker, debs: list[Deb], more: str = "") -> Path:
    """The suite with Contents; the one of security is empty, as in Debian."""
    contents = {arch: CONTENTS.format(triplet=triplet) + more for arch, (triplet, _) in TRIPLETS.items()}
    locker.archive.publish("bookworm-security", [], contents=dict.fromkeys(TRIPLETS, ""))
    return locker.archive.publish("bookworm", debs, contents=contents)


def index(locker: Locker) -> Any:
    """The index that was written."""
    return json.loads((locker.locks / "bookworm.sonames.json").read_text())


def test_the_index_is_written_beside_the_lock(locker: Locker) -> None:
    output = locker.ok("bookworm")
    assert "bookworm.sonames.json: sonames: 4 on amd64, 4 on arm64; 8 added\n" in output
    assert "  + amd64 libc.so.6 in libc6\n" in output
    assert index(locker) == {
        "version": 1,
        "suite": "bookworm",
        "release": "12.1",
        "sonames": {
            "libc.so.6": "libc6",
            "libcrypt.so.1": "libc6",
            "libm.so.6": "libc6",
            "libtls.so.3": "ssl",
        },
        "amd64": {},
        "arm64": {},
        "symbol_versions": {"libc.so.6": ["GLIBC_2.2.5", "GLIBC_2.4", "GLIBC_2.17", "GLIBC_2.36"]},
    }


def test_none_is_written_for_an_input_that_does_not_ask(locker: Locker) -> None:
    locker.input(INPUT)
    locker.ok("bookworm")
    assert {path.name for path in locker.locks.iterdir()} == {"bookworm.in.json", "bookworm.json"}


def test_check_writes_nothing_and_fails_for_a_stale_index(locker: Locker, debs: list[Deb]) -> None:
    locker.ok("bookworm")
    before = (locker.locks / "bookworm.sonames.json").read_bytes()
    assert locker.ok("bookworm", "--check").endswith("4 on amd64, 4 on arm64\n  no soname has changed\n")
    publish(locker, debs, "usr/lib/libnew.so.1 libs/ssl\nusr/lib/libnew.so.2 libs/python\n")
    stale = locker.run("bookworm", "--check")
    assert stale.returncode == 1
    assert "  no package has changed\n" in stale.stdout
    assert stale.stdout.endswith(
        "bookworm.sonames.json: sonames: 6 on amd64, 6 on arm64; 4 added\n"
        "  + amd64 libnew.so.1 in ssl\n  + amd64 libnew.so.2 in python\n"
        "  + arm64 libnew.so.1 in ssl\n  + arm64 libnew.so.2 in python\n"
        "bookworm.sonames.json is stale; refresh it: ./bazelw run //apt:lock -- bookworm\n"
    )
    assert (locker.locks / "bookworm.sonames.json").read_bytes() == before


def test_the_first_changes_are_shown_and_the_others_counted(locker: Locker, debs: list[Deb]) -> None:
    publish(locker, debs, "".join(f"usr/lib/libold.so.{number} libs/ssl\n" for number in range(20)))
    locker.ok("bookworm")
    content = index(locker)
    content["sonames"]["libc.so.6"] = "libc7"
    content["symbol_versions"] = {"libc.so.6": ["GLIBC_2.4", "GLIBC_3"]}
    (locker.locks / "bookworm.sonames.json").write_text(json.dumps(content))
    publish(locker, debs)
    output = locker.ok("bookworm")
    assert "bookworm.sonames.json: sonames: 4 on amd64, 4 on arm64; 40 removed, 2 moved\n" in output
    assert "  ~ amd64 libc.so.6 libc7 -> libc6\n  - amd64 libold.so.0 in ssl\n" in output
    assert "  - amd64 libold.so.16 in ssl\n  and 32 more\n" in output
    assert "  ~ versions of libc.so.6: +GLIBC_2.2.5 +GLIBC_2.17 +GLIBC_2.36 -GLIBC_3\n" in output


def test_same_archive_same_bytes(locker: Locker) -> None:
    locker.ok("bookworm", TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    first = (locker.locks / "bookworm.sonames.json").read_bytes()
    (locker.locks / "bookworm.sonames.json").unlink()
    locker.ok("bookworm", umask=0o077, TZ="Asia/Tokyo", LC_ALL="C.UTF-8", PYTHONHASHSEED="2")
    assert (locker.locks / "bookworm.sonames.json").read_bytes() == first


def test_what_no_rule_decides_is_told_until_it_is_decided(locker: Locker, debs: list[Deb]) -> None:
    publish(locker, debs, "usr/lib/libnew.so.1 libs/ssl,libs/python\n")
    told = "bookworm.sonames.json: libnew.so.1 is in python, ssl: let apt/policy/sonames.json decide\n"
    assert told in locker.ok("bookworm")
    decision = {"sonames": ["libnew.so.1"], "package": "ssl", "why": "a test"}
    locker.decisions.write_text(json.dumps({"version": 1, "decisions": [decision]}))
    output = locker.ok("bookworm")
    assert told not in output
    assert "  ~ amd64 libnew.so.1 python -> ssl\n" in output


def failing(locker: Locker, *arguments: str) -> str:
    """The error of a run that fails. The lock is written or as it was; the index is as it was."""
    path = locker.locks / "bookworm.sonames.json"
    before = path.read_bytes() if path.exists() else None
    done = locker.run("bookworm", *arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert (path.read_bytes() if path.exists() else None) == before
    return done.stderr


def test_contents_that_are_not_signed_are_not_read(locker: Locker) -> None:
    locker.ok("bookworm")
    for path in (locker.archive.root / "debian/dists/bookworm/main").glob("Contents-arm64*"):
        path.write_bytes(path.read_bytes() + b" ")
    locker.lock.unlink()
    error = failing(locker)
    assert error.startswith(f"error: {locker.locks}/bookworm.sonames.json: apt-get update failed:\n")
    assert "The lock itself is written, and the index is as it was.\n" in error
    assert locker.lock.exists()
    assert "The lock itself" not in failing(locker, "--check")


def test_an_archive_without_contents_is_named(locker: Locker, debs: list[Deb]) -> None:
    locker.archive.publish_all(debs)
    error = failing(locker)
    assert "the archive has no Contents for amd64" in error
    assert 'Leave "sonames" out of the .in.json' in error


def test_a_package_that_is_not_the_signed_one_is_not_read(locker: Locker, debs: list[Deb]) -> None:
    (file,) = (locker.archive.root / "debian/pool").rglob("libc6*_arm64.deb")
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert "apt-get download failed:\n" in failing(locker)


def test_a_package_that_is_none_is_named(locker: Locker, debs: list[Deb]) -> None:
    *others, libc, ssl = debs
    publish(locker, [*others, Deb("libc6", libc.version, files={**libc.files, "arm64": b"no .deb"}), ssl])
    assert "libc6_2.36-9_arm64.deb is not a .deb: it does not begin as an ar archive" in failing(locker)


def test_an_index_that_cannot_be_read_is_written_anew(locker: Locker) -> None:
    locker.ok("bookworm")
    path = locker.locks / "bookworm.sonames.json"
    good = path.read_bytes()
    path.write_bytes(b"<<<<<<< HEAD\n" + good)
    output = locker.ok("bookworm")
    said = "bookworm.sonames.json: the old index is no index of sonames: it is not JSON (Expecting value"
    assert said in output
    assert path.read_bytes() == good
