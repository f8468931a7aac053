"""What DebPart makes of a .deb, held against what the real dpkg makes of it."""

import gzip
import io
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.deb_part import ar
from tools.deb_part.debs import Built, Content, arguments, build, by_hand, part_of
from tools.deb_part.excludes import Excludes, Rule, read_excludes

EXCLUDES = read_excludes(Path("apt/policy/path-excludes.json"))
FULL = Content(
    files={
        "bin/tool": "#!/bin/sh\n",
        "etc/tool.conf": "a = 1\n",
        "etc/tool.d/more.conf": "b = 2\n",
        "lib/tool/data": "x",
        "usr/bin/suid": "root",
        "usr/share/doc/tool/README": "read me",
        "usr/share/doc/tool/copyright": "free",
        "usr/share/doc/tool/examples/one": "1",
        "usr/share/locale/de/LC_MESSAGES/tool.mo": "de",
        "usr/share/locale/locale.alias": "alias",
        "usr/share/man/man1/tool.1": "manual",
        "usr/share/lintian/overrides/tool": "override",
    },
    links={
        "usr/bin/link": "../../bin/tool",
        "usr/share/doc/tool-data": "tool",
        "usr/share/man/man1/t.1": "tool.1",
    },
    modes={"bin/tool": 0o755, "usr/bin/suid": 0o4755, "usr/share/doc/tool": 0o2755},
    control="""\
Section: utils
Priority: optional
Source: tools (1.0-1)
Installed-Size: 7
Depends: libc6 (>=2.3),  a|b (<< 2) , c:any
Multi-Arch: same
Homepage: https://example.org/
Important: yes
Breaks: old ( <= 1 )
""",
    scripts={
        "conffiles": "/etc/tool.conf\n/etc/tool.d/more.conf\n",
        "postinst": "#!/bin/sh\nexit 0\n",
        "templates": "Template: tool/x\nType: note\nDescription: x\n",
        "triggers": "# comment\ninterest-noawait /usr/lib/tool\nactivate ldconfig\n",
    },
)


def dpkg(root: Path, built: Built, excludes: Excludes) -> None:
    """Unpacks and configures with the real dpkg, scripts left alone."""
    for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"):
        (root / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    rules = [f"--path-{'include' if rule.include else 'exclude'}={rule.pattern}" for rule in excludes.rules]
    options = [
        "--root",
        str(root),
        "--log=/dev/null",
        "--force-not-root",
        "--force-depends",
        "--force-script-chrootless",
    ]
    subprocess.run(
        ["dpkg", *options, *rules, "--force-architecture", "--force-bad-path", "--install", built.path],
        check=True,
    )


def tree(root: Path) -> dict[str, tuple[str, int, bytes]]:
    found = {}
    for path in root.rglob("*"):
        info = path.lstat()
        data = (
            str(path.readlink()).encode()
            if path.is_symlink()
            else path.read_bytes()
            if path.is_file()
            else b""
        )
        mode = 0 if path.is_symlink() else stat.S_IMODE(info.st_mode)
        found[str(path.relative_to(root))] = (stat.filemode(info.st_mode)[0], mode, data)
    return found


def image(part: bytes, dirs: dict[str, tuple[int, int, int]]) -> dict[str, tuple[str, int, bytes]]:
    """The same view of a part."""
    found = {path: ("d", mode, b"") for path, (mode, _, _) in dirs.items()}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(part))) as archive:
        for member in archive:
            if member.issym():
                found[member.name] = ("l", 0, member.linkname.encode())
            else:
                stream = archive.extractfile(member)
                assert stream is not None
                found[member.name] = ("-", member.mode, stream.read())
    return found


@pytest.mark.parametrize(
    "content", [FULL, Content(files={"usr/lib/x": "x"}), Content()], ids=["full", "one", "empty"]
)
def test_part_is_what_dpkg_unpacks(tmp_path: Path, content: Content) -> None:
    built = build(tmp_path, "tool", content)
    facts, part = part_of(built, EXCLUDES, merged_usr=False)
    root = tmp_path / "dpkg"
    dpkg(root, built, EXCLUDES)
    theirs, mine = tree(root), image(part, facts.dirs)
    status = theirs.pop("var/lib/dpkg/status")[2].decode()
    known = {
        "var",
        "var/lib",
        "var/lib/dpkg",
        "var/lib/dpkg/info",
        "var/lib/dpkg/updates",
        "var/lib/dpkg/triggers",
    }
    state = {
        path
        for path in theirs
        if path.startswith("var/lib/dpkg/") and not path.startswith("var/lib/dpkg/info/tool")
    }
    assert mine == {path: value for path, value in theirs.items() if path not in known | state}
    assert facts.status + "\n" == status


def test_facts_tell_dirs_files_and_triggers(tmp_path: Path) -> None:
    facts, _ = part_of(build(tmp_path, "tool", FULL), EXCLUDES)
    assert facts.dirs["usr/share/doc/tool"] == (0o2755, 0, 0)
    assert facts.files["usr/bin/link"] == "symlink"
    assert facts.triggers == ["interest-noawait /usr/lib/tool", "activate ldconfig"]
    assert "usr/share/man/man1/tool.1" not in facts.files


def test_merged_usr_moves_files_but_not_the_list(tmp_path: Path) -> None:
    facts, part = part_of(build(tmp_path, "tool", FULL), EXCLUDES)
    found = image(part, facts.dirs)
    assert found["usr/bin/tool"][2] == b"#!/bin/sh\n"
    assert {"usr/lib", "usr/lib/tool", "usr/bin"} < set(facts.dirs)
    assert not any(path.split("/")[0] in ("bin", "lib") for path in found)
    assert b"\n/bin/tool\n" in found["var/lib/dpkg/info/tool:amd64.list"][2]
    assert found["usr/bin/link"][2] == b"../../bin/tool"


def test_merged_usr_twins_are_refused(tmp_path: Path) -> None:
    built = build(tmp_path, "tool", Content(files={"bin/x": "1", "usr/bin/x": "2"}))
    part_of(built, EXCLUDES, merged_usr=False)
    with pytest.raises(ToolError, match=r"tool 1\.0 .* 'usr/bin/x' twice"):
        part_of(built, EXCLUDES)


def test_usr_merge_links_of_base_files_stay_links(tmp_path: Path) -> None:
    facts, _ = part_of(build(tmp_path, "base-files", Content(links={"bin": "usr/bin"})), EXCLUDES)
    assert facts.files == {"bin": "symlink"}


@pytest.mark.parametrize("compress", ["xz", "gzip", "none", "zstd"])
def test_compressions_give_the_same_part(tmp_path: Path, compress: str) -> None:
    if compress == "zstd" and sys.version_info < (3, 14):
        pytest.skip("zstd is in the standard library since Python 3.14")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    reference = part_of(build(tmp_path / "a", "tool", FULL), EXCLUDES)
    assert part_of(build(tmp_path / "b", "tool", FULL, compress=compress), EXCLUDES) == reference


def test_bytes_do_not_depend_on_the_machine(tmp_path: Path) -> None:
    built = build(tmp_path, "tool", FULL)
    outputs = set()
    for number, (umask, zone, locale) in enumerate([(0o022, "UTC", "C"), (0o077, "Asia/Tokyo", "C.UTF-8")]):
        part, facts = tmp_path / f"{number}.part", tmp_path / f"{number}.json"
        command = [sys.executable, "-m", "tools.deb_part", *arguments(built, part, facts)]
        env = {"PYTHONPATH": ":".join(sys.path), "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": str(number)}
        subprocess.run(command, check=True, umask=umask, env=env)
        outputs.add((part.read_bytes(), facts.read_bytes()))
    assert len(outputs) == 1


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
    ):
        part_of(built, EXCLUDES)


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


def test_tool_fails_with_one_message_and_no_traceback(tmp_path: Path) -> None:
    built = by_hand(tmp_path, [member("/etc/passwd")])
    command = [sys.executable, "-m", "tools.deb_part", *arguments(built, tmp_path / "p", tmp_path / "f")]
    env = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 1
    assert done.stderr == "error: the .deb of bad 1 (all) has the path '/etc/passwd', which is absolute\n"
