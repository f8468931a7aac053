"""What DebPart refuses, and how it says so."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.deb_part import ar
from tools.deb_part.debs import FULL, REFRESH, arguments, build, by_hand, part_of
from tools.deb_part.excludes import Excludes, Rule, read_excludes

EXCLUDES = read_excludes(Path("apt/policy/path-excludes.json"))


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size
    return info


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([member("/etc/passwd")], "'/etc/passwd', which is absolute"),
        ([member("./../etc/passwd")], "'./../etc/passwd', which leaves the root"),
        ([member("./a/../../b")], "leaves the root"),
        ([member("./a//b")], "not in normal form"),
        ([member("./dev/sda", tarfile.BLKTYPE)], "'dev/sda', a block device"),
        ([member("./dev/tty", tarfile.CHRTYPE)], "'dev/tty', a character device"),
        ([member("./pipe", tarfile.FIFOTYPE)], "'pipe', a FIFO"),
        ([member("./a", tarfile.SYMTYPE, "/etc"), member("./a/passwd")], "'a/passwd' below 'a'"),
        ([member("./a/b"), member("./a", tarfile.SYMTYPE, "/etc")], "'a' twice"),
        ([member("./a"), member("./a")], "'a' twice"),
        ([member("./a", tarfile.LNKTYPE, "../../etc/shadow")], "leaves the root"),
        ([member("./a", tarfile.LNKTYPE, "./b")], "does not come before"),
        ([member("./usr/share/man/m"), member("./a", tarfile.LNKTYPE, "./usr/share/man/m")], "leave out"),
    ],
)
def test_bad_members_are_refused_by_name(tmp_path: Path, members: list[tarfile.TarInfo], reason: str) -> None:
    with pytest.raises(ToolError, match=r"^error: the \.deb of bad 1 \(all\) ") as caught:
        part_of(by_hand(tmp_path, members), EXCLUDES)
    assert reason in str(caught.value)


def cut(keep: float) -> Callable[[bytes], bytes]:
    return lambda blob: blob[: int(len(blob) * keep)]


def read_all(deb: Path) -> None:
    with deb.open("rb") as stream:
        parts = ar.members(stream, deb.stat().st_size)
        for name in ("control.tar", "data.tar"):
            with ar.open_tar(stream, parts[name]) as archive:
                list(archive)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut(0.99), "is truncated: data.tar.xz"),
        (cut(0.3), "is truncated"),
        (cut(0.01), "truncated"),
        (lambda blob: b"", "does not begin as an ar archive"),
        (lambda blob: b"<html>404</html>", "does not begin as an ar archive"),
        (lambda blob: blob[:-40] + bytes(40), "damaged or truncated"),
        (lambda blob: blob.replace(b"data.tar.xz", b"data.tar.lz"), "lz is not a compression"),
        (lambda blob: blob.replace(b"data.tar.xz ", b"other.thing "), "its members are"),
        (lambda blob: blob.replace(b"\n2.0\n", b"\n9.0\n"), "not a .deb of format 2"),
    ],
)
def test_damage_is_named(tmp_path: Path, damage: Callable[[bytes], bytes], reason: str) -> None:
    built = build(tmp_path, "tool", FULL)
    built.path.write_bytes(damage(built.path.read_bytes()))
    with pytest.raises(ToolError) as caught:
        read_all(built.path)
    assert reason in str(caught.value)


def test_other_bytes_than_the_lock_has_are_refused(tmp_path: Path) -> None:
    built = build(tmp_path, "tool", FULL)
    blob = built.path.read_bytes()
    built.path.write_bytes(blob[:-1] + bytes([blob[-1] ^ 1]))
    with pytest.raises(
        ToolError, match=f"has the SHA-256 [0-9a-f]{{64}}, the lock says {built.expected.sha256}"
    ) as caught:
        part_of(built, EXCLUDES)
    assert str(caught.value).endswith(f"\n  If you trust the mirror, refresh the lock: {REFRESH}")


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        (
            "Package: good\nVersion: 1\nArchitecture: all\nMaintainer: m\nDescription: d\n",
            "is of another package: good 1 all",
        ),
        ("Package: bad\nVersion: 1\n", "has no Architecture"),
        ("Package: bad\nPackage: bad\n", "the field Package twice"),
        ("no stanza", "not one stanza"),
    ],
)
def test_control_must_be_the_locked_packages(tmp_path: Path, control: str, reason: str) -> None:
    built = by_hand(tmp_path, [], control=control)
    with pytest.raises(ToolError) as caught:
        part_of(built, EXCLUDES)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("path", "container", "skipped"),
    [
        ("/usr/share/doc/x/changelog.gz", False, True),
        ("/usr/share/doc/x/copyright", False, False),
        ("/usr/share/doc/x/deep/copyright", False, False),
        ("/usr/share/doc/x", True, False),
        ("/usr/share/man/man1", True, True),
        ("/usr/share/man", True, False),
        ("/usr/share/locale/de", True, True),
        ("/usr/share/locale/locale.alias", False, False),
        ("/usr/share/documents/x", False, False),
    ],
)
def test_path_rules(path: str, container: bool, skipped: bool) -> None:
    assert EXCLUDES.skips(path, container=container) == skipped


def test_last_matching_rule_wins_and_config_lists_them() -> None:
    excludes = Excludes((Rule(True, "/a/*"), Rule(False, "/a/b")))
    assert excludes.skips("/a/b", container=False)
    assert excludes.config() == "path-include /a/*\npath-exclude /a/b\n"


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    built = build(tmp_path, "tool", FULL)
    command = [sys.executable, "-m", "tools.deb_part", *arguments(built, Path("/dev/full"), tmp_path / "f")]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert done.returncode == 1
    assert done.stderr == "error: /dev/full: No space left on device\n"


def test_tool_fails_with_one_message_and_no_traceback(tmp_path: Path) -> None:
    built = by_hand(tmp_path, [member("/etc/passwd")])
    command = [sys.executable, "-m", "tools.deb_part", *arguments(built, tmp_path / "p", tmp_path / "f")]
    env = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 1
    assert done.stderr == "error: the .deb of bad 1 (all) has the path '/etc/passwd', which is absolute\n"
