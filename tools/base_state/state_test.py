"""A furnished machine is read as dpkg has it, and layers on top of it lose nothing of it."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

from tools.apt_layer.links import Places
from tools.apt_layer.maker import Maker
from tools.apt_layer.shared import shared_files, shared_links
from tools.apt_layer.state import UNOWNED, read_state
from tools.base_state.machine import DPKG, PASSWD, ROOT_LINKS, Machine, base_of
from tools.deb_part.debs import Content, build

SHADOW = "root:$y$secret:19737:0:99999:7:::\n_apt:!:19737::::::\nubuntu:!:19837:0:99999:7:::\n"
EXTENDED = """\
Package: one
Architecture: amd64
Auto-Installed: 1

Package: gone
Architecture: i386
Auto-Installed: 0
X: y

"""


def furnish(machine: Machine, tmp_path: Path) -> None:
    """What a base image has: packages in several states, alternatives, diversions, users."""
    packages = {
        "one": Content(
            files={"bin/one": "1", "etc/one.conf": "x"},
            control="Multi-Arch: same\nX-Cuda: kept\nOriginal-Maintainer: Nobody <n@example.org>\n",
            scripts={"conffiles": "/etc/one.conf\n", "triggers": "interest-noawait /usr/share/one\n"},
        ),
        "removed": Content(
            files={"usr/bin/removed": "", "etc/removed.conf": "y"},
            scripts={"conffiles": "/etc/removed.conf\n"},
        ),
        "held": Content(files={"usr/bin/held": ""}),
    }
    for name, content in packages.items():
        machine.dpkg("--install", build(tmp_path, name, content).path)
    foreign = build(tmp_path, "foreign", Content(files={"usr/bin/foreign": ""}), arch="i386")
    machine.dpkg("--add-architecture", "i386")
    machine.dpkg("--install", foreign.path)
    machine.dpkg("--remove", "removed")
    subprocess.run(
        ["dpkg", f"--root={machine.path}", "--set-selections"], input="held hold", text=True, check=True
    )
    machine.write("etc/passwd", PASSWD)
    machine.write("etc/group", "root:x:0:\n")
    machine.write("etc/shadow", SHADOW)
    machine.write("etc/gshadow", "root:*::\n")
    machine.write("etc/shells", "# mine\n/bin/sh\n")
    machine.write("var/lib/apt/extended_states", EXTENDED)
    (machine.path / "run").mkdir()
    (machine.path / "var/run").symlink_to("../run")
    divert = ["dpkg-divert", "--root", str(machine.path), "--package", "one", "--no-rename"]
    subprocess.run(
        [*divert, "--divert", "/usr/bin/tool.real", "/usr/bin/tool"], check=True, capture_output=True
    )
    for path, priority in (("/usr/bin/one", "5"), ("/usr/bin/held", "50")):
        alternatives(machine, "--install", "/usr/bin/pick", "pick", path, priority)
    alternatives(machine, "--set", "pick", "/usr/bin/one")


def alternatives(machine: Machine, *arguments: str) -> None:
    command = ["update-alternatives", "--root", str(machine.path), "--log", "/dev/null", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def test_what_is_written_for_an_unchanged_base_is_what_the_base_has(machine: Machine, tmp_path: Path) -> None:
    furnish(machine, tmp_path)
    base = base_of(machine, tmp_path)
    state = read_state(base.state)
    assert base.status.read_text() == machine.text(f"{DPKG}/status")
    for path, data, _, _ in shared_files(state):
        if (
            machine.path / path
        ).exists() and path != f"{DPKG}/arch":  # that of a machine has the foreign ones too
            assert data == (machine.path / path).read_bytes(), path
    for path, target in shared_links(state, Places(state.links)):
        assert os.readlink(machine.path / path) == target


def test_paths_have_the_owners_that_dpkg_names(machine: Machine, tmp_path: Path) -> None:
    furnish(machine, tmp_path)
    state = read_state(base_of(machine, tmp_path).state)
    assert state.files["usr/bin/one"] == "one"
    assert machine.dpkg("--search", "/bin/one") == "one:amd64: /bin/one\n"
    assert state.files["etc/passwd"] == UNOWNED
    assert state.files["etc/removed.conf"] == "removed"
    assert state.files["usr/bin/foreign"] == "foreign:i386"
    assert state.links == {name: f"usr/{name}" for name in ROOT_LINKS} | {"var/run": "run"}
    installed = {name for name, package in state.packages.items() if package.installed}
    assert installed == {"dpkg", "one", "held", "foreign:i386"}
    assert state.alternatives["pick"].best() == "/usr/bin/one"


POLICY = {
    "new": [
        {"user": "svc", "uid": 990, "gid": 0, "home": "/none", "shell": "/bin/false", "why": "w"},
        {"user": "ubuntu", "uid": 5, "gid": 5, "home": "/none", "shell": "/bin/false", "why": "w"},
        {"shells": ["/usr/bin/new"], "why": "w"},
        {"alternative": "pick", "link": "/usr/bin/pick", "path": "/usr/bin/new", "priority": 99, "why": "w"},
        {"diversion": "/usr/bin/gone", "to": "/usr/bin/gone.real", "why": "w"},
    ]
}
NEW = Content(
    files={"bin/new": "n", "var/run/new": "r"},
    control="Depends: one (>= 0.9), extra\n",
    scripts={"triggers": "interest /usr/share/new\n"},
)


def test_a_layer_adds_its_entries_and_loses_none_of_the_base(
    machine: Machine, make: Maker, tmp_path: Path
) -> None:
    furnish(machine, tmp_path)
    debs = [make.deb("new", NEW), make.deb("extra", Content(files={"usr/bin/extra": "e"}))]
    debs.append(make.deb("one", Content(files={"usr/bin/other": "not taken"})))
    top = make.layer(*debs, base=base_of(machine, tmp_path), roots=["new", "one"], policy=POLICY)
    before, after = machine.text(f"{DPKG}/status"), top.text(f"{DPKG}/status")
    stanzas = after.split("\n\n")
    assert [each for each in stanzas if each in before.split("\n\n")] == before.split("\n\n")
    added = [each.splitlines()[0] for each in stanzas if each not in before.split("\n\n")]
    assert added == ["Package: extra", "Package: new"]
    assert top.text("etc/passwd") == f"{PASSWD}svc:x:990:0::/none:/bin/false\n"
    assert top.text("etc/shadow") == f"{SHADOW}svc:*::0:99999:7:::\n"
    assert top.text("etc/shells") == "# mine\n/bin/sh\n/usr/bin/new\n"
    extended = f"{EXTENDED}Package: extra\nArchitecture: amd64\nAuto-Installed: 1\n\n"
    assert top.text("var/lib/apt/extended_states") == extended
    machine_file = machine.text(f"{DPKG}/triggers/File")
    assert top.text(f"{DPKG}/triggers/File") == f"{machine_file}/usr/share/new new\n"
    assert machine.text(f"{DPKG}/diversions") in (
        top.text(f"{DPKG}/diversions"),
        top.text(f"{DPKG}/diversions").removeprefix("/usr/bin/gone\n/usr/bin/gone.real\nnew\n"),
    )
    assert not {"etc/group", "usr/bin/pick", "etc/alternatives/pick", "usr/bin/other"} & set(top.names())
    machine.write("usr/bin/new", "")
    alternatives(machine, "--install", "/usr/bin/pick", "pick", "/usr/bin/new", "99")
    assert top.text(f"{DPKG}/alternatives/pick") == machine.text(f"{DPKG}/alternatives/pick")


def test_dpkg_goes_on_in_the_stacked_root(machine: Machine, make: Maker, tmp_path: Path) -> None:
    furnish(machine, tmp_path)
    extra = make.deb("extra", Content(files={"usr/bin/extra": "e"}))
    top = make.layer(make.deb("new", NEW), extra, base=base_of(machine, tmp_path), roots=["new"])
    with tarfile.open(top.layer) as archive:
        for member in archive:
            if not member.isdir() or not (machine.path / member.name).exists():
                archive.extract(member, machine.path, filter="fully_trusted")
    assert machine.dpkg("--audit") == ""
    assert machine.dpkg("--search", "/bin/new", "/usr/bin/extra") == "new: /bin/new\nextra: /usr/bin/extra\n"
    assert machine.dpkg("--verify", "new") == ""
    assert (machine.path / "usr/bin/new").read_text() == "n"
    assert (machine.path / "run/new").read_text() == "r"
    machine.dpkg("--remove", "new")
    assert not (machine.path / "usr/bin/new").exists()


def test_nothing_lies_over_a_link_of_the_base(machine: Machine, make: Maker, tmp_path: Path) -> None:
    base = base_of(machine, tmp_path)
    content = Content(files={"lib/a/x": "x"}, links={"lib/a/y": "x"})
    top = make.layer(make.deb("new", content), base=base, roots=["new"], merged=False)
    names = top.names()
    assert {"usr/lib/a/x", "usr/lib/a/y"} <= set(names)
    assert not [name for name in names if name.split("/")[0] in ROOT_LINKS]
    assert "/lib/a/x\n" in top.text(f"{DPKG}/info/new.list"), "dpkg's list has the package's own names"


def test_a_second_layer_continues(machine: Machine, make: Maker, tmp_path: Path) -> None:
    furnish(machine, tmp_path)
    debs = [make.deb("new", NEW), make.deb("extra", Content())]
    first = make.layer(debs[1], base=base_of(machine, tmp_path), roots=["extra"])
    second = make.layer(*debs, base=first, roots=["new"])
    assert "usr/bin/new" in second.names()
    assert second.status.read_text().count("\nPackage: extra\n") == 1


def test_a_package_of_which_only_settings_are_left_can_come_back(
    machine: Machine, make: Maker, tmp_path: Path
) -> None:
    furnish(machine, tmp_path)
    removed = Content(files={"usr/bin/removed": "", "etc/removed.conf": "y"})
    top = make.layer(make.deb("removed", removed), base=base_of(machine, tmp_path), roots=["removed"])
    assert top.text(f"{DPKG}/status").count("Package: removed\nStatus: install ok installed\n") == 1
