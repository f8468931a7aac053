"""What DebPart refuses, and how it says so."""

from __future__ import annotations

import lzma
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.deb_part.debs import (
    CONTROL,
    FULL,
    REFRESH,
    Content,
    arguments,
    build,
    by_hand,
    member,
    part_of,
    rearranged,
    refused,
    tar,
)
from tools.deb_part.excludes import Excludes, Rule, read_excludes

EXCLUDES = read_excludes(Path("apt/policy/path-excludes.json"))


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
        ([member("./a", tarfile.LNKTYPE, "/etc/shadow")], "'/etc/shadow', which is absolute"),
        ([member("./a\nb")], "'./a\\nb', and dpkg's lists have a path on each line"),
        ([member("./a\udcff")], "'./a\\udcff', which is not UTF-8 text"),
        ([member("./", tarfile.REGTYPE)], "a root that is no directory"),
        ([member(".", tarfile.SYMTYPE, "/etc")], "a root that is no directory"),
        ([member("./l", tarfile.SYMTYPE)], "a symlink with the link target ''"),
        (
            [member("./var/lib/dpkg/status")],
            "the file 'var/lib/dpkg/status', and what is there is dpkg's own",
        ),
        ([member("./var/lib/dpkg/info/libc6.postinst")], "'var/lib/dpkg/info/libc6.postinst', and what is"),
        ([member("./a", tarfile.CONTTYPE)], "'./a', a contiguous file, which dpkg does not unpack"),
        ([member("./a", tarfile.GNUTYPE_SPARSE)], "'./a', a sparse file, which dpkg does not unpack"),
        ([member("./a", b"V")], "'./a', of the tar type 'V', which dpkg does not unpack"),
    ],
)
def test_bad_members_are_refused_by_name(tmp_path: Path, members: list[tarfile.TarInfo], reason: str) -> None:
    assert reason in refused(by_hand(tmp_path, members), EXCLUDES)


@pytest.mark.parametrize("format_", ["--format=pax", "--format=gnu"])
def test_attributes_that_dpkg_would_not_unpack_are_refused_not_dropped(tmp_path: Path, format_: str) -> None:
    """Capabilities travel in pax headers, as GNU tar writes them; sparse files are the only ones of GNU's."""
    (tmp_path / "file").write_bytes(b"x")
    os.truncate(tmp_path / "file", 1 << 20)
    options = (
        ["--sparse", "--pax-option=SCHILY.xattr.security.capability:=x"] if "pax" in format_ else ["--sparse"]
    )
    command = ["tar", "-C", str(tmp_path), "-c", format_, *options, "./file"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    error = refused(by_hand(tmp_path, [], data=lzma.compress(data)))
    reason = "'./file' with the pax attributes .*, SCHILY.xattr.security.capability"
    assert re.search(reason if "pax" in format_ else "'./file', a sparse file", error)
    assert "which dpkg does not unpack" in error


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
        ("Package: bad\n\nVersion: 1\n", "not one stanza"),
        (b"Package: b\xe4d\n", "has a control that is not UTF-8"),
    ],
)
def test_control_must_be_the_locked_packages(tmp_path: Path, control: str | bytes, reason: str) -> None:
    assert reason in refused(by_hand(tmp_path, [], control=control))


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([member("./control"), member("./control")], "has 'control' twice in its control archive"),
        ([member("./postinst", tarfile.SYMTYPE, "/bin/sh")], "has './postinst' in its control archive"),
        ([member("./a/b")], "has './a/b' in its control archive, which can only hold plain files"),
        ([member("./../b")], "has './../b' in its control archive, which can only hold plain files"),
        ([member("./md5sums")], "has no control in its control archive"),
    ],
)
def test_the_control_archive_holds_plain_files(
    tmp_path: Path, entries: list[tarfile.TarInfo], reason: str
) -> None:
    built = by_hand(tmp_path, [])
    control = lzma.compress(tar([(each, b"") for each in entries]))
    change = rearranged(built, lambda name, data: control if name.startswith("control") else data)
    assert reason in refused(change)


@pytest.mark.parametrize("line", ["interest", "activate-later x", "interest a b", "/usr/lib"])
def test_a_trigger_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    built = build(tmp_path, "tool", Content(scripts={"triggers": f"# c\ninterest /x\n{line}\n"}))
    assert f"has {line!r} in its triggers" in refused(built)


def test_a_link_into_usr_leads_nowhere_else(tmp_path: Path) -> None:
    good, _ = part_of(by_hand(tmp_path, [member("./bin", tarfile.SYMTYPE, "usr/bin")]), EXCLUDES)
    assert good.files == {"bin": "symlink"}
    bad, _ = part_of(by_hand(tmp_path, [member("./bin", tarfile.SYMTYPE, "/etc")]), EXCLUDES)
    assert bad.files == {"usr/bin": "symlink"}, "which is a directory in every other package"


def test_rights_are_noted(tmp_path: Path) -> None:
    owned = member("./o", size=1)
    owned.gid = 42
    entries = [
        *(member("./s", mode=0o4755), member("./h", tarfile.LNKTYPE, "./s", mode=0o4755), member("./n")),
        *(member("./w", mode=0o666), member("./l", tarfile.SYMTYPE, "s", mode=0o777), owned),
    ]
    facts, _ = part_of(by_hand(tmp_path, entries), EXCLUDES)
    suid = (0o4755, 0, 0)
    assert facts.rights == {"s": suid, "h": suid, "w": (0o666, 0, 0), "o": (0o644, 0, 42)}


def test_scripts_with_more_rights_are_noted(tmp_path: Path) -> None:
    script = member("./postinst", mode=0o4755)
    control = member("./control")
    text = CONTROL.format(name="bad", version="1", arch="all").encode()
    control.size = len(text)
    packed = lzma.compress(tar([(control, text), (script, b"")]))
    built = rearranged(
        by_hand(tmp_path, []), lambda name, data: packed if name.startswith("control") else data
    )
    facts, _ = part_of(built, EXCLUDES)
    assert facts.rights == {"var/lib/dpkg/info/bad.postinst": (0o4755, 0, 0)}


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


@pytest.mark.parametrize("output", ["part", "facts"])
def test_a_full_disk_is_named(tmp_path: Path, output: str) -> None:
    built = build(tmp_path, "tool", FULL)
    (tmp_path / output).symlink_to("/dev/full")
    command = [
        sys.executable,
        "-m",
        "tools.deb_part",
        *arguments(built, tmp_path / "part", tmp_path / "facts"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert done.returncode == 1
    assert done.stderr == f"error: {tmp_path}/{output}: No space left on device\n"


def test_tool_fails_with_one_message_and_no_traceback(tmp_path: Path) -> None:
    built = by_hand(tmp_path, [member("/etc/passwd")])
    command = [sys.executable, "-m", "tools.deb_part", *arguments(built, tmp_path / "p", tmp_path / "f")]
    env = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 1
    assert done.stderr == "error: the .deb of bad 1 (all) has the path '/etc/passwd', which is absolute\n"
