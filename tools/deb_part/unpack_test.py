"""What DebPart makes of a .deb, held against what the real dpkg makes of it."""

import gzip
import io
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.deb_part.debs import FULL, Built, Content, arguments, build, part_of
from tools.deb_part.excludes import Excludes, read_excludes

EXCLUDES = read_excludes(Path("apt/policy/path-excludes.json"))


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
