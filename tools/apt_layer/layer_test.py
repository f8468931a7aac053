"""Apt layers of small packages, held against the real dpkg and update-alternatives."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools.apt_layer.maker import Maker, Result
from tools.deb_part.debs import Content, by_hand, member

ONE = Content(
    files={"usr/bin/one": "1", "usr/share/common/a": "a"},
    control="Section: utils\nPriority: optional\nMulti-Arch: same\n",
    scripts={"triggers": "interest-noawait /usr/share/common\ninterest ldconfig\n"},
)
TWO = Content(
    files={"usr/bin/two": "2", "usr/share/common/b": "b", "etc/two.conf": "x"},
    control="Depends: one\nX-Lines: one \n two \n",
    scripts={
        "conffiles": "/etc/two.conf\nremove-on-upgrade /etc/gone.conf\n",
        "triggers": "interest-await ldconfig\nactivate other\n",
    },
)

MASTERS = {
    "usr/share/m/passwd.master": "root:*:0:0:root:/root:/bin/sh\n",
    "usr/share/m/group.master": "root:*:0:\n",
}
USER = {"user": "svc", "uid": 100, "gid": 65534, "home": "/none", "shell": "/bin/false", "why": "w"}


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def test_database_is_what_dpkg_writes(make: Maker, tmp_path: Path) -> None:
    debs = [make.deb("two", TWO), make.deb("one", ONE)]
    root = tmp_path / "root"
    for folder in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    options = [
        "--root",
        str(root),
        "--log=/dev/null",
        "--force-not-root",
        "--force-depends",
        "--force-bad-path",
    ]
    options += ["--force-script-chrootless", "--force-architecture", "--no-triggers", "--unpack"]
    subprocess.run(["dpkg", *options, *(built.path for built in debs)], check=True)
    theirs = (root / "var/lib/dpkg/status").read_text().replace("install ok unpacked", "install ok installed")
    mine = make.layer(*debs)
    # Not configured: dpkg has yet to hash what is there, and to look at the triggers.
    assert mine.status.read_text() == re.sub(r" newconffile$", f" {md5('x')}", theirs, flags=re.MULTILINE)
    for name in ("File", "ldconfig"):
        written = (root / "var/lib/dpkg/triggers" / name).read_text().splitlines()
        assert sorted(mine.text(f"var/lib/dpkg/triggers/{name}").splitlines()) == sorted(written)


def md5(text: str) -> str:
    return subprocess.run(["md5sum"], input=text, capture_output=True, text=True, check=True).stdout.split()[
        0
    ]


def test_a_second_layer_adds_its_packages_and_keeps_the_first_ones(make: Maker) -> None:
    one, two = make.deb("one", ONE), make.deb("two", TWO)
    base = make.layer(one)
    top = make.layer(two, base=base, auto=["two"])
    both = make.layer(one, two, auto=["two"])
    assert top.status.read_text() == both.status.read_text()
    assert top.text("var/lib/dpkg/status") == both.text("var/lib/dpkg/status")
    assert json.loads(top.state.read_text()) == json.loads(both.state.read_text())
    assert "usr/bin/one" not in top.names()
    assert "usr/bin/two" in top.names()
    assert "bin" in base.names()
    assert "bin" not in top.names()
    assert "var/lib/dpkg/arch" not in top.names(), "what has not changed is not written again"
    assert (
        top.text("var/lib/apt/extended_states") == "Package: two\nArchitecture: amd64\nAuto-Installed: 1\n\n"
    )


def test_directories_come_once_first_and_as_their_first_owner_has_them(make: Maker) -> None:
    one = Content(files={"usr/share/x/1": ""}, modes={"usr/share/x": 0o750})
    two = Content(files={"usr/share/x/2": ""}, modes={"usr/share/x": 0o700})
    layer = make.layer(make.deb("a", one), make.deb("b", two))
    assert len(layer.names()) == len(set(layer.names()))
    assert layer.mode("usr/share/x") == 0o750
    with tarfile.open(layer.layer) as archive:
        seen = set()
        for member in archive:
            parent = member.name.rpartition("/")[0]
            assert not parent or parent in seen, member.name
            if member.isdir():
                seen.add(member.name)


def test_bytes_do_not_depend_on_the_machine_or_the_order(make: Maker) -> None:
    debs = [make.deb("one", ONE), make.deb("two", TWO)]
    first = make.layer(*debs, umask=0o022, TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    second = make.layer(*reversed(debs), umask=0o077, TZ="Asia/Tokyo", LC_ALL="C.UTF-8", PYTHONHASHSEED="2")
    for kind in ("layer", "state", "status"):
        assert getattr(first, kind).read_bytes() == getattr(second, kind).read_bytes()


def test_path_rules_are_recorded_in_the_first_layer(make: Maker) -> None:
    assert "path-exclude /usr/share/man/*\n" in make.layer(make.deb("one", ONE)).text(
        "etc/dpkg/dpkg.cfg.d/slim"
    )


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            Content(files={"usr/bin/one": "x"}),
            "/usr/bin/one is in both one and three, and neither diverts it",
        ),
        (Content(files={"usr/bin/one/x": "x"}), "/usr/bin/one is a directory in three and a file in one"),
        (
            Content(files={"usr/share/common": "x"}),
            "/usr/share/common is a file in three and a directory in another",
        ),
    ],
)
@pytest.mark.parametrize("layers", [1, 2])
def test_packages_that_own_one_path_are_named(make: Maker, other: Content, message: str, layers: int) -> None:
    one, three = make.deb("one", ONE), make.deb("three", other)
    error = make.error(one, three) if layers == 1 else make.error(three, base=make.layer(one))
    assert message in error


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("link_first", [True, False])
def test_nobody_writes_through_a_link_of_another_package(make: Maker, layers: int, link_first: bool) -> None:
    """dpkg-deb always names the directories; a .deb written by hand need not."""
    link, file = (
        make.deb("a" if link_first else "z", Content(links={"opt/x": "/etc"})),
        member("./opt/x/passwd"),
    )
    below = by_hand(make.folder, [file])
    error = make.error(link, below) if layers == 1 else make.error(below, base=make.layer(link))
    assert re.search(
        r"^error: /opt/x (has files of bad below it and is a file in [az]|is a file in z and)", error
    )


@pytest.mark.parametrize("path", ["etc/passwd", "var/lib/apt/extended_states", "etc/shells"])
def test_files_that_all_packages_share_are_nobodys(make: Maker, path: str) -> None:
    policy = {
        "masters": [{"accounts": "usr/share/m", "why": "w"}],
        "one": [{"shells": ["/bin/sh"], "why": "w"}],
    }
    debs = [make.deb("masters", Content(files=MASTERS)), make.deb("one", Content(files={path: "x"}))]
    assert f"the package database writes /{path}, which one brings as a file" in make.error(
        *debs, policy=policy
    )


def test_a_package_that_the_base_has_is_named(make: Maker) -> None:
    one = make.deb("one", ONE)
    assert "one is in the base already" in make.error(one, base=make.layer(one))


@pytest.mark.parametrize(
    ("effect", "message"),
    [
        ({"run": "x", "why": "w"}, "one has the unknown effect 'run'"),
        ({"dir": "x"}, "one has an effect without a reason"),
        ({"copy": "usr/gone", "to": "x", "why": "w"}, "one 1.0 has no /usr/gone"),
        ({"file": "usr/bin/one", "why": "w"}, "the policy of one makes /usr/bin/one, which one has already"),
        ({"link": "usr/bin", "target": "x", "why": "w"}, "which is a directory that is not empty"),
        ({"file": "../x", "why": "w"}, "leaves the root"),
        (
            {"link": "x", "target": "gone", "why": "w"},
            "one makes the link /x to gone, which is not in the image",
        ),
        (
            {"alternative": "x", "link": "/x", "path": "/gone", "priority": 1, "why": "w"},
            "the alternative x has the choice /gone, which is not in the image",
        ),
        (USER, "adds the user svc, and no package brings the first users"),
        (
            {"sources_from": "usr/share/doc/x", "to": "y", "why": "w"},
            "one 1.0 has no sources in /usr/share/doc/x",
        ),
    ],
)
def test_bad_policy_is_named(make: Maker, effect: dict[str, Any], message: str) -> None:
    assert message in make.error(make.deb("one", ONE), policy={"one": [effect]})


def test_effects_apply_to_their_package_and_suite(make: Maker) -> None:
    policy = {
        "one": [
            {"file": "etc/made", "mode": "0600", "gid": 42, "lines": ["a", "b"], "why": "w"},
            {"file": "etc/other", "suites": ["bullseye"], "why": "w"},
            {"dir": "usr/share/common", "mode": "0700", "uid": 42, "why": "w"},
            {"copy": "usr/share/common/a", "to": "etc/copy", "replace": {"a": ["x", "y"]}, "why": "w"},
            {"unit": "one.timer", "wanted_by": "timers.target", "why": "w"},
            {"link": "usr/lib/{triplet}", "target": "../bin", "why": "w"},
        ],
        "absent": [{"file": "etc/absent", "why": "w"}],
    }
    one = Content(files={**ONE.files, "lib/systemd/system/one.timer": ""})
    layer = make.layer(make.deb("one", one), policy=policy)
    assert layer.text("etc/made") == "a\nb\n"
    assert "usr/lib/x86_64-linux-gnu" in layer.names()
    assert layer.text("etc/copy") == "x\ny\n"
    with tarfile.open(layer.layer) as archive:
        made, common = archive.getmember("etc/made"), archive.getmember("usr/share/common")
        assert (made.mode, made.gid, common.mode, common.uid) == (0o600, 42, 0o700, 42)
        assert archive.getmember("etc/systemd/system/timers.target.wants/one.timer").issym()
    assert not {"etc/other", "etc/absent"} & set(layer.names())


def test_alternatives_are_those_of_update_alternatives(make: Maker, tmp_path: Path) -> None:
    names = {"low": 5, "high": 50, "middle": 10}
    files = {f"opt/{name}/tool": name for name in names} | {"opt/high/tool.1": "manual"}
    policy = {
        "one": [
            {
                "alternative": "tool",
                "link": "/opt/tool",
                "path": f"/opt/{name}/tool",
                "priority": priority,
                "slaves": [
                    {
                        "name": f"tool.{slave}",
                        "link": f"/opt/tool.{slave}",
                        "path": f"/opt/{name}/tool.{slave}",
                    }
                    for slave in ("1", "not-installed")
                    if name != "low"
                ],
                "why": "w",
            }
            for name, priority in names.items()
        ]
    }
    layer = make.layer(make.deb("one", Content(files=files)), policy=policy)
    root = tmp_path / "root"
    for folder in ("opt", "etc/alternatives", "var/lib/dpkg/alternatives"):
        (root / folder).mkdir(parents=True)
    for path, text in files.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    for effect in policy["one"]:
        options = [
            "--root",
            str(root),
            "--log",
            "/dev/null",
            "--install",
            effect["link"],
            "tool",
            effect["path"],
        ]
        options.append(str(effect["priority"]))
        for slave in effect["slaves"]:  # type: ignore[attr-defined]
            options += ["--slave", slave["link"], slave["name"], slave["path"]]
        subprocess.run(["update-alternatives", *map(str, options)], check=True)
    written = (root / "var/lib/dpkg/alternatives/tool").read_text()
    assert layer.text("var/lib/dpkg/alternatives/tool") == written
    with tarfile.open(layer.layer) as archive:
        links = {member.name: member.linkname for member in archive if member.issym()}
    mine = {name: target for name, target in links.items() if name not in ("bin", "lib")}
    theirs = {
        str(path.relative_to(root)): str(path.readlink()) for path in root.rglob("*") if path.is_symlink()
    }
    assert mine == theirs


def test_accounts_begin_with_the_masters_and_move_to_shadow_when_it_comes(make: Maker) -> None:
    policy = {
        "a": [USER],
        "masters": [{"accounts": "usr/share/m", "why": "w"}],
        "shadow": [{"shadow": True, "why": "w"}],
    }
    debs = [make.deb("a", Content()), make.deb("masters", Content(files=MASTERS))]
    base = make.layer(*debs, policy=policy)
    assert base.text("etc/passwd") == ("root:*:0:0:root:/root:/bin/sh\nsvc:*:100:65534::/none:/bin/false\n")
    assert "etc/shadow" not in base.names()
    top = make.layer(make.deb("shadow", Content()), base=base, policy=policy)
    assert top.text("etc/passwd") == "root:x:0:0:root:/root:/bin/sh\nsvc:x:100:65534::/none:/bin/false\n"
    assert top.text("etc/shadow") == "root:*::0:99999:7:::\nsvc:*::0:99999:7:::\n"
    assert top.text("etc/gshadow") == "root:*::\n"
    assert top.mode("etc/shadow") == 0o640


@pytest.mark.parametrize(
    ("to", "example", "written"),
    [
        (
            "etc/x.list",
            "# c\n#deb http://h/d s main\ndeb http://h/d s main contrib\n",
            "deb http://h/d s main\n",
        ),
        (
            "etc/x.sources",
            "# c\n\n# d\nTypes: deb\nComponents: main non-free\n\nTypes: deb\nComponents: main\n",
            "Types: deb\nComponents: main\n\nTypes: deb\nComponents: main\n",
        ),
    ],
)
def test_sources_are_those_of_apts_example(make: Maker, to: str, example: str, written: str) -> None:
    source = "usr/share/doc/apt/examples/" + ("debian.sources" if to.endswith("sources") else "sources.list")
    apt = make.deb("apt", Content(files={source: example}))
    layer = make.layer(apt, policy={"apt": [{"sources_from": source, "to": to, "why": "w"}]})
    assert layer.text(to) == written
    assert source not in layer.names()


def test_effects_may_be_for_one_architecture(make: Maker) -> None:
    effects = [{"file": f"etc/{arch}", "archs": [arch], "why": "w"} for arch in ("amd64", "arm64")]
    effects.append({"native_arch": "etc/arch", "why": "w"})
    layer = make.layer(make.deb("one", ONE), policy={"one": effects})
    assert {"etc/amd64", "etc/arm64"} & set(layer.names()) == {"etc/amd64"}
    assert layer.text("etc/arch") == "amd64\n"


@pytest.mark.parametrize("output", ["tar.gz", "state", "status"])
def test_a_full_disk_is_named(make: Maker, output: str) -> None:
    one, full = make.deb("one", ONE), make.folder / f"1.{output}"
    full.symlink_to("/dev/full")
    assert make.error(one) == f"error: {full}: No space left on device\n"


def test_a_foreign_state_is_refused(make: Maker, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_text('{"format": 0}')
    assert "build the base again" in make.error(make.deb("one", ONE), base=Result(state, state, state))
    state.write_text("[]")
    assert "is not the state of an apt layer" in make.error(
        make.deb("two", TWO), base=Result(state, state, state)
    )
