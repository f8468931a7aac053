"""What the command writes and says, with the real apt-get and real .debs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.apt_lock.archive import Deb
from tools.lib_closure.pkgdeps import Reason, read_pkgdeps
from tools.pkgdeps.keeper import COMMAND, DEBS, SONAMES, Keeper, deb


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    # apt makes file names of whole paths, and those of pytest below Bazel's are too long for that.
    with tempfile.TemporaryDirectory(prefix="keeper-") as folder:
        yield Keeper(Path(folder), DEBS)


def but(name: str, other: Deb) -> list[Deb]:
    """The packages, with another one of that name."""
    return [other if each.name == name else each for each in DEBS]


def test_both_closures_are_locked(keeper: Keeper) -> None:
    keeper.ok()
    lock = json.loads(keeper.lock.read_text())
    assert lock["sets"].keys() == {"elf", "apt"}
    assert {name: (each["on"], each.get("closure")) for name, each in lock["sets"].items()} == {
        "elf": (None, "elf"),
        "apt": (None, None),
    }
    for arch in ("amd64", "arm64"):
        sets = {name: (each["packages"][arch], each["auto"][arch]) for name, each in lock["sets"].items()}
        assert sets == {
            "elf": (["libone1", "libtwo2"], ["libtwo2"]),
            "apt": (["data", "libone1", "libtwo2"], ["data", "libtwo2"]),
        }
    assert list(lock["packages"]["arm64"]) == ["data", "libone1", "libtwo2"]
    two = lock["packages"]["arm64"]["libtwo2"]
    blob = DEBS[2].files["arm64"]
    assert (two["version"], two["size"], two["architecture"]) == ("1:2.0+b1", len(blob), "arm64")
    assert (keeper.archive.root / two["archive"] / two["path"]).read_bytes() == blob
    assert (lock["suite"], lock["merged_usr"], lock["components"]) == ("bookworm", True, ["main"])
    assert lock["releases"]["bookworm"]["version"] == "12.1"


def test_the_list_says_why(keeper: Keeper) -> None:
    keeper.ok()
    deps = read_pkgdeps(keeper.pkgdeps, "")
    assert deps.suite == "bookworm"
    assert deps.packages["amd64"] == {
        "libone1": Reason(("libone.so.1",), ("pkg",)),
        "libtwo2": Reason(("libtwo.so.2",), ("libone1",)),
    }
    assert deps.packages["arm64"] == deps.packages["amd64"]


def test_what_has_changed_what_it_costs_and_what_is_left_to_do_is_said(keeper: Keeper) -> None:
    (keeper.workspace / "MODULE.bazel").write_text('module(name = "mine")\n')
    lines = keeper.ok().splitlines()
    assert lines[0] == "app/train.pkgdeps.json: 2 packages needed on amd64, 2 packages needed on arm64"
    assert "  + amd64 libone1: libone.so.1 for pkg" in lines
    assert any(line.startswith("  + arm64 libtwo2 1:2.0+b1 (") for line in lines)
    table = [line.split() for line in lines if line.startswith(("  closure", "  elf", "  apt"))]
    assert [row[:3] for row in table] == [
        ["closure", "for", "packages"],
        *(["elf", arch, "2"] for arch in ("amd64", "arm64")),
        *(["apt", arch, "3"] for arch in ("amd64", "arm64")),
    ]
    assert table[1][-2:] == ["7", "kB"]
    assert lines[-6:] == [
        "To use the lock, add to MODULE.bazel:",
        '    apt = use_extension("@pycuda//apt:extensions.bzl", "apt")',
        '    apt.lock(name = "train_apt", lock = "//app:train.apt.json")',
        '    use_repo(apt, "train_apt")',
        "To have the packages in the image, add to //app:train:",
        '    apt = "@train_apt",',
    ]


def test_the_extension_has_the_name_that_the_module_gave_it(keeper: Keeper) -> None:
    (keeper.workspace / "MODULE.bazel").write_text(
        'debian = use_extension("@pycuda//apt:extensions.bzl", "apt")\n'
    )
    lines = keeper.ok().splitlines()
    assert lines[-5:-2] == [
        "To use the lock, add to MODULE.bazel:",
        '    debian.lock(name = "train_apt", lock = "//app:train.apt.json")',
        '    use_repo(debian, "train_apt")',
    ]


@pytest.mark.parametrize(
    ("apt", "last"),
    [("", ["To have the packages in the image, add to //app:train:", '    apt = "@own",']), ("@own", [])],
)
def test_what_is_done_is_not_asked_for(keeper: Keeper, apt: str, last: list[str]) -> None:
    (keeper.workspace / "MODULE.bazel").write_text(
        '# apt.lock(name = "old", lock = "//app:train.apt.json")\n'
        'apt.lock(name = "base", lock = "//apt/locks:bookworm.json")\n'
        'apt.lock(\n    name = "own",\n    lock = "//app:train.apt.json",\n)\n'
    )
    keeper.plan(apt=apt)
    lines = keeper.ok().splitlines()
    after = max(number for number, line in enumerate(lines) if line.startswith("  apt "))
    assert [line for line in lines[after + 1 :] if line] == last


def test_the_same_again_changes_nothing(keeper: Keeper) -> None:
    keeper.ok()
    before = keeper.files()
    assert "  + " not in keeper.ok()
    assert keeper.files() == before
    keeper.ok("--check")


def test_a_newer_package_makes_the_lock_stale(keeper: Keeper) -> None:
    keeper.ok()
    keeper.archive.publish_all(but("data", deb("data", version="1.1")))
    shown = keeper.stale()
    assert "  ~ amd64 data 1.0 -> 1.1 (" in shown
    assert shown.endswith(
        f"app/train.pkgdeps.json and app/train.apt.json are stale; write them anew: {COMMAND}\n"
    )
    keeper.ok()
    keeper.ok("--check")


def test_other_needs_make_the_list_stale(keeper: Keeper) -> None:
    keeper.ok()
    keeper.needs("arm64", "libtwo.so.2")
    shown = keeper.stale()
    assert "  - arm64 libone1: libone.so.1 for pkg\n" in shown
    assert "  ~ arm64 libtwo2: libtwo.so.2 for pkg (was libtwo.so.2 for libone1)\n" in shown
    keeper.ok()
    lock = json.loads(keeper.lock.read_text())
    assert lock["sets"]["apt"]["packages"]["arm64"] == ["libtwo2"]
    assert lock["sets"]["elf"]["auto"]["arm64"] == []
    assert list(lock["packages"]["arm64"]) == ["libtwo2"]


@pytest.mark.parametrize("name", ["train.pkgdeps.json", "train.apt.json"])
@pytest.mark.parametrize("damage", [None, b"{", b"\xff", b'{"version": 7}'])
def test_a_file_that_is_gone_or_unreadable_is_written_anew(
    keeper: Keeper, name: str, damage: bytes | None
) -> None:
    keeper.ok()
    before = keeper.files()
    path = keeper.pkgdeps.with_name(name)
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    keeper.stale()
    keeper.ok()
    assert keeper.files() == before


def test_when_nothing_is_needed_nothing_is_written_and_nobody_asked(keeper: Keeper) -> None:
    for arch in ("amd64", "arm64"):
        keeper.needs(arch, "libc.so.6")
    for nowhere in ([], ["--check"]):
        shown = keeper.ok(*nowhere, "--snapshot", "http://127.0.0.1:9/debian")
        assert shown == "//app:train needs no packages beside those of its base.\n"
    assert keeper.files() == {}


def test_what_is_no_longer_needed_leaves_both_files(keeper: Keeper) -> None:
    keeper.ok()
    for arch in ("amd64", "arm64"):
        keeper.needs(arch, "libc.so.6")
    assert "  - amd64 libone1: libone.so.1 for pkg\n" in keeper.stale()
    assert keeper.ok().endswith("Nothing is left in either file.\n")
    assert read_pkgdeps(keeper.pkgdeps, "").packages == {"amd64": {}, "arm64": {}}
    lock = json.loads(keeper.lock.read_text())
    assert lock["packages"] == {"amd64": {}, "arm64": {}}
    assert lock["sets"]["elf"]["packages"] == {"amd64": [], "arm64": []}
    keeper.ok("--check")
    keeper.pkgdeps.unlink()
    keeper.stale()


def test_a_library_that_update_alternatives_links_is_found(keeper: Keeper) -> None:
    blas = deb("libblas3", {"libblas.so.3": ["libc.so.6"]}, folder="usr/lib/{triplet}/blas")
    keeper.archive.publish_all([*DEBS, blas])
    keeper.sonames(SONAMES | {"libblas.so.3": "libblas3"})
    keeper.needs("amd64", "libblas.so.3")
    keeper.ok()
    assert list(read_pkgdeps(keeper.pkgdeps, "").packages["amd64"]) == ["libblas3"]


def test_packages_of_updates_are_taken(keeper: Keeper) -> None:
    newer = deb("libtwo2", {"libtwo.so.2": ["libthree.so.3"]}, version="1:2.1", fields="Depends: libthree3\n")
    keeper.archive.publish_all(
        DEBS, {"bookworm-security": [newer, deb("libthree3", {"libthree.so.3": ["libc.so.6"]})]}
    )
    keeper.sonames(SONAMES | {"libthree.so.3": "libthree3"})
    keeper.ok()
    lock = json.loads(keeper.lock.read_text())
    assert lock["sets"]["elf"]["packages"]["amd64"] == ["libone1", "libthree3", "libtwo2"]
    assert lock["packages"]["amd64"]["libtwo2"]["archive"] == "debian-security"


def test_help_names_every_option(keeper: Keeper) -> None:
    shown = keeper.ok("--help")
    for option in ("--check", "--snapshot URL", "--security-snapshot URL", "--keyring FILE"):
        assert option in shown
