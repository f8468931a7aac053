"""What the command refuses, with what words; both files are then as they were."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.apt_lock.archive import Deb
from tools.pkgdeps.keeper import DEBS, SONAMES, Keeper, deb


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    # apt makes file names of whole paths, and those of pytest below Bazel's are too long for that.
    with tempfile.TemporaryDirectory(prefix="keeper-") as folder:
        yield Keeper(Path(folder), DEBS)


@pytest.fixture
def old(keeper: Keeper) -> Keeper:
    """With files that were written before and are of no use any more."""
    keeper.pkgdeps.write_text('{"version": 0}')
    keeper.lock.write_text('{"version": 0}')
    return keeper


def one(fields: str) -> list[Deb]:
    """The packages, with other fields of libone1."""
    other = deb("libone1", {"libone.so.1": ["libtwo.so.2"]}, fields=fields)
    return [other if each.name == "libone1" else each for each in DEBS]


def test_an_upgrade_of_the_base_is_refused(old: Keeper) -> None:
    newer = deb("libc6", version="2.36-10", fields="Multi-Arch: same\n")
    old.archive.publish_all(one("Depends: libc6 (>= 2.36-10), libtwo2\n"), {"bookworm-updates": [newer]})
    assert old.error() == (
        "error: the base's lock is older than the archive: to install libone1 for amd64, apt would upgrade "
        "libc6 from 2.36-9 to 2.36-10\n  Write the base's lock anew: ./bazelw run //apt:lock -- bookworm\n"
    )


def test_a_newer_base_alone_is_no_reason(old: Keeper) -> None:
    old.archive.publish_all(DEBS, {"bookworm-updates": [deb("libc6", version="2.36-10")]})
    old.ok()


def test_a_removal_from_the_base_is_refused(old: Keeper) -> None:
    old.archive.publish_all(one("Conflicts: libc6\n"))
    assert "apt would remove libc6" in old.error()


def test_what_cannot_be_installed_is_apt_s_to_say(old: Keeper) -> None:
    old.archive.publish_all(one("Depends: nothing-of-the-kind\n"))
    assert "nothing-of-the-kind" in old.error()


def test_a_library_that_nothing_has_is_refused(old: Keeper) -> None:
    old.needs("arm64", "libone.so.1", "libnone.so.1")
    error = old.error()
    assert "arm64: pkg 1.0: " in error
    assert "pkg/ext.so NEEDED libnone.so.1: nothing has it\n  If pkg can do without the file, " in error


def test_a_library_that_a_package_needs_and_nothing_has_is_refused(old: Keeper) -> None:
    old.sonames({name: package for name, package in SONAMES.items() if package != "libtwo2"})
    assert "libone.so.1 <- " in old.error()


def test_a_package_without_the_library_that_the_index_says_is_refused(old: Keeper) -> None:
    old.sonames(SONAMES | {"libtwo.so.2": "data"})
    assert old.error().startswith(
        "error: amd64: libtwo.so.2 needed by libone1: the index of Debian bookworm says that data has it, "
        "and it has no such library where the loader looks\n"
        "  The index may be of another state than the archive: ./bazelw run //apt:lock -- bookworm; or"
    )


def test_a_library_that_a_package_of_the_base_should_have_is_refused(old: Keeper) -> None:
    """A newer one that has it is no package to add."""
    newer = deb("libc6", {"libtwo.so.2": []}, version="2.36-10")
    old.archive.publish_all(DEBS, {"bookworm-updates": [newer]})
    old.sonames(SONAMES | {"libtwo.so.2": "libc6"})
    assert "says that libc6 has it" in old.error()


def test_a_package_that_the_archive_no_longer_has_is_named(old: Keeper) -> None:
    old.sonames(SONAMES | {"libtwo.so.2": "gone"})
    error = old.error()
    assert "Unable to locate package gone" in error
    assert "Write both anew: ./bazelw run //apt:lock -- bookworm\n" in error


def test_an_architecture_that_the_base_lacks_is_named(old: Keeper) -> None:
    text = (old.folder / "in.json").read_text()
    (old.folder / "in.json").write_text(text.replace('"amd64", "arm64"', '"amd64"'))
    assert "in.json: has no architecture arm64, which //app:train has\n" in old.error()


def file_of(keeper: Keeper, arch: str) -> Path:
    return keeper.archive.root / "debian" / DEBS[2].path(arch)


def altered(path: Path) -> None:
    blob = path.read_bytes()
    path.write_bytes(blob[:-1] + bytes([blob[-1] ^ 1]))


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


@pytest.mark.parametrize(
    ("damage", "said"),
    [(altered, "is being updated"), (truncated, "is being updated"), (Path.unlink, "File not found")],
)
def test_a_file_that_is_not_the_index_s_is_refused(
    old: Keeper, damage: Callable[[Path], None], said: str
) -> None:
    damage(file_of(old, "arm64"))
    error = old.error()
    assert error.startswith("error: apt-get download failed:\n")
    assert "libtwo2" in error
    assert said in error


def test_a_deb_that_is_damaged_in_the_archive_is_named(old: Keeper) -> None:
    files = {arch: blob[:-40] for arch, blob in DEBS[2].files.items()}
    bad = Deb("libtwo2", "1:2.0+b1", files=files)
    old.archive.publish_all([bad if each.name == "libtwo2" else each for each in DEBS])
    assert old.error().startswith(
        "error: libtwo2_1%3a2.0+b1_amd64.deb: is truncated: data.tar.xz ends at byte "
    )


def test_a_mirror_that_is_down_is_named(old: Keeper) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = old.error("--snapshot", f"http://127.0.0.1:{port}/debian")
    assert "apt-get update failed" in error
    assert "No network, or the mirror is down." in error


def test_without_a_keyring_nothing_is_trusted(old: Keeper) -> None:
    assert "there is no keyring at" in old.error("--keyring", "none.pgp")


def test_without_apt_it_says_where_there_is_one(old: Keeper) -> None:
    assert "BAZELW_TOOLBOX=1 ./bazelw run //app:train_pkgdeps" in old.error(PATH="/nowhere")


def test_it_is_started_by_bazel(old: Keeper) -> None:
    assert old.error(PKGDEPS="") == (
        "error: it is not known which image\n  Start it with: bazel run NAME_pkgdeps\n"
    )


@pytest.mark.parametrize("name", ["train.pkgdeps.json", "train.apt.json"])
def test_on_a_full_disk_neither_file_is_written(old: Keeper, name: str) -> None:
    """Where the file is prepared is a device without room; the shell has the number of the process to be."""
    room = f'ln -s /dev/full "$BUILD_WORKSPACE_DIRECTORY/app/.{name}.$$"'
    assert old.error(before=room) == f"error: {old.lock.with_name(name)}: No space left on device\n"
