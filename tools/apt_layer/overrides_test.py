"""Diversions and stat overrides, held against the real dpkg and dpkg-statoverride."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools.apt_layer.maker import Maker, Result
from tools.deb_part.debs import Content

OWNER = Content(
    files={"usr/bin/tool": "theirs", "usr/bin/keep": "kept", "bin/other": "other"},
    links={"usr/bin/link": "tool"},
    modes={"usr/bin/tool": 0o755},
)
DIVERTER = Content(files={"usr/bin/tool": "ours"})
DIVERSION = {"diversion": "/usr/bin/tool", "to": "/usr/bin/tool.distrib", "why": "w"}
ACCOUNTS = [{"accounts": "usr/share/m", "why": "w"}]
MASTERS = Content(
    files={
        "usr/share/m/passwd.master": "root:*:0:0:root:/root:/bin/sh\ndaemon:*:1:1:daemon:/:/bin/sh\n",
        "usr/share/m/group.master": "root:*:0:\nmail:*:8:\n",
    }
)


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def statoverride(path: str, mode: str, user: str = "daemon") -> dict[str, Any]:
    return {"statoverride": path, "user": user, "group": "mail", "mode": mode, "why": "w"}


def owned(layer: Result, below: str) -> dict[str, str]:
    """The files at a place, with their content or target."""
    with tarfile.open(layer.layer) as archive:
        return {
            member.name: member.linkname if member.issym() else layer.text(member.name)
            for member in archive
            if member.name.startswith(below) and not member.isdir()
        }


def test_a_diverted_file_is_where_dpkg_puts_it(make: Maker, tmp_path: Path) -> None:
    owner, diverter = make.deb("owner", OWNER), make.deb("diverter", DIVERTER)
    layer = make.layer(owner, diverter, policy={"diverter": [DIVERSION]})
    root = tmp_path / "root"
    for folder in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "var/lib/dpkg/diversions").write_text(layer.text("var/lib/dpkg/diversions"))
    options = ["--root", str(root), "--log=/dev/null", "--force-not-root", "--force-bad-path"]
    options += ["--force-script-chrootless", "--force-architecture", "--no-triggers", "--unpack"]
    subprocess.run(["dpkg", *options, owner.path, diverter.path], check=True)
    theirs = {
        str(path.relative_to(root)): str(path.readlink()) if path.is_symlink() else path.read_text()
        for path in (root / "usr/bin").iterdir()
    }
    assert theirs["usr/bin/tool.distrib"] == "theirs"
    assert owned(layer, "usr/bin/") == theirs | {"usr/bin/other": "other"}  # /bin is a link in the layer
    assert layer.mode("usr/bin/tool.distrib") == 0o755
    assert layer.text("var/lib/dpkg/info/owner.list") == (root / "var/lib/dpkg/info/owner.list").read_text()


def test_a_diversion_of_the_base_holds_in_the_layer_above(make: Maker) -> None:
    policy = {"diverter": [DIVERSION]}
    base = make.layer(make.deb("diverter", DIVERTER), policy=policy)
    top = make.layer(make.deb("owner", OWNER), base=base, policy=policy)
    assert owned(top, "usr/bin/tool") == {"usr/bin/tool.distrib": "theirs"}


def test_a_file_in_the_base_cannot_be_diverted_any_more(make: Maker) -> None:
    base = make.layer(make.deb("owner", OWNER))
    error = make.error(make.deb("diverter", DIVERTER), base=base, policy={"diverter": [DIVERSION]})
    assert "diverter diverts /usr/bin/tool, which owner has in the base already\n  Put both" in error


@pytest.mark.parametrize(
    ("diverted", "place", "other"),
    [
        ("/bin/other", "usr/bin/other.distrib", "usr/bin/other"),
        ("/usr/bin/other", "usr/bin/other", "usr/bin/other.distrib"),
        ("/usr/bin/link", "usr/bin/link.distrib", "usr/bin/link"),
    ],
)
def test_a_diversion_is_of_the_path_in_the_package(
    make: Maker, diverted: str, place: str, other: str
) -> None:
    policy = {"diverter": [{"diversion": diverted, "to": f"{diverted}.distrib", "why": "w"}]}
    layer = make.layer(make.deb("owner", OWNER), make.deb("diverter", Content()), policy=policy)
    assert place in layer.names()
    assert other not in layer.names()


def test_a_package_with_both_names_is_named(make: Maker) -> None:
    policy = {"diverter": [{"diversion": "/usr/bin/tool", "to": "/usr/bin/keep", "why": "w"}]}
    error = make.error(make.deb("owner", OWNER), make.deb("diverter", DIVERTER), policy=policy)
    assert "owner has both /usr/bin/tool, which diverter diverts to /usr/bin/keep, and /usr/bin/keep" in error


def test_libraries_are_kept_from_the_move_to_usr(make: Maker) -> None:
    files = {"usr/lib/x86_64-linux-gnu/libx.so.1": "", "usr/lib/x86_64-linux-gnu/deep/y": "", "usr/lib/z": ""}
    policy = {"x": [{"keep_on_merge": "lib/{triplet}", "why": "w"}]}
    layer = make.layer(make.deb("x", Content(files=files)), policy=policy)
    old = "/lib/x86_64-linux-gnu/libx.so.1"
    assert layer.text("var/lib/dpkg/diversions") == f"{old}\n{old}.usr-is-merged\nx\n"


def test_stat_overrides_win_over_the_package(make: Maker, tmp_path: Path) -> None:
    effects = [statoverride("/usr/bin/tool", "2755"), statoverride("/usr/bin", "1770", "root")]
    policy = {"masters": ACCOUNTS, "owner": effects}
    layer = make.layer(make.deb("owner", OWNER), make.deb("masters", MASTERS), policy=policy)
    with tarfile.open(layer.layer) as archive:
        tool, folder, keep = (archive.getmember(f"usr/bin{name}") for name in ("/tool", "", "/keep"))
    assert (tool.mode, tool.uid, tool.gid) == (0o2755, 1, 8)
    assert (folder.mode, folder.uid, folder.gid) == (0o1770, 0, 8)
    assert (keep.mode, keep.uid, keep.gid) == (0o644, 0, 0)
    admin = tmp_path / "admin"
    admin.mkdir()
    for effect in effects:
        options = [
            "--admindir",
            admin,
            "--force-all",
            "--add",
            effect["user"],
            effect["group"],
            effect["mode"],
        ]
        subprocess.run(["dpkg-statoverride", *options, effect["statoverride"]], check=True)
    written = (admin / "statoverride").read_text().splitlines()
    assert layer.text("var/lib/dpkg/statoverride").splitlines() == sorted(
        written, key=lambda line: line.split()[3]
    )


def test_a_diverted_file_has_the_override_of_its_own_name(make: Maker) -> None:
    policy = {"masters": ACCOUNTS, "owner": [statoverride("/usr/bin/tool", "0700")], "diverter": [DIVERSION]}
    debs = [
        make.deb(name, each)
        for name, each in (("owner", OWNER), ("diverter", DIVERTER), ("masters", MASTERS))
    ]
    layer = make.layer(*debs, policy=policy)
    assert layer.mode("usr/bin/tool.distrib") == 0o700


def test_stat_overrides_of_the_base_hold_above(make: Maker) -> None:
    policy = {"masters": [*ACCOUNTS, statoverride("/usr/bin/tool", "0700")]}
    base = make.layer(make.deb("masters", MASTERS), policy=policy)
    assert make.layer(make.deb("owner", OWNER), base=base).mode("usr/bin/tool") == 0o700


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        (
            statoverride("/usr/bin/tool", "0700"),
            "overrides mode and owner of /usr/bin/tool, which owner has in the base",
        ),
        (
            statoverride("/usr/bin/new", "0700", "nobody"),
            "a stat override is for nobody, who is not in /etc/passwd",
        ),
    ],
)
def test_stat_overrides_that_cannot_be_are_named(make: Maker, effect: dict[str, Any], message: str) -> None:
    base = make.layer(make.deb("owner", OWNER), make.deb("masters", MASTERS), policy={"masters": ACCOUNTS})
    top = make.deb("top", Content(files={"usr/bin/new": ""}))
    assert message in make.error(top, base=base, policy={"top": [effect]})
