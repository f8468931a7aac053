"""Images whose packages the real dpkg has installed, read without unpacking, and apt layers on top."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tools.apt_layer.links import Places
from tools.apt_layer.maker import Maker, Result, tool
from tools.apt_layer.shared import shared_files, shared_links
from tools.apt_layer.state import UNOWNED, read_state
from tools.deb_part.debs import Built, Content, build
from tools.image_run.testing import Layout, file, folder, gzip_members, single

ROOT_LINKS = ("bin", "lib", "sbin")
DPKG = "var/lib/dpkg"
OPTIONS = (
    *("--log=/dev/null", "--force-not-root", "--force-depends", "--force-bad-path", "--no-triggers"),
    *("--force-script-chrootless", "--force-architecture", "--force-confold"),
)


class Machine:
    """A root directory that dpkg and update-alternatives work on, as those of the image would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("info", "updates", "triggers", "alternatives"):
            (path / DPKG / name).mkdir(parents=True)
        (path / DPKG / "info/format").write_text("1\n")
        (path / DPKG / "status").touch()
        for name in ROOT_LINKS:
            (path / "usr" / name).mkdir(parents=True)
            (path / name).symlink_to(f"usr/{name}")

    def dpkg(self, *arguments: str | Path) -> str:
        """Runs dpkg on the root."""
        command = ["dpkg", f"--root={self.path}", *OPTIONS, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def write(self, path: str, text: str) -> None:
        """Writes a file that no package owns."""
        (self.path / path).parent.mkdir(parents=True, exist_ok=True)
        (self.path / path).write_text(text)

    def layer(self) -> bytes:
        """The whole root as one layer."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for each in sorted(self.path.rglob("*")):
                if each.name not in ("lock", "lock-frontend", "Lock", "status-old", "triggers/Lock"):
                    archive.add(each, str(each.relative_to(self.path)), recursive=False)
        return out.getvalue()

    def text(self, path: str) -> str:
        """A file's content."""
        return (self.path / path).read_text()


def dpkg_itself(folder: Path) -> Built:
    """Something called dpkg, since no base comes without it."""
    return build(folder, "dpkg", Content(files={"usr/bin/dpkg": "dpkg"}))


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    (tmp_path / "made").mkdir()
    return Maker(tmp_path / "made")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "machine")
    made.dpkg("--install", dpkg_itself(tmp_path).path)
    return made


def run(image: Path, state: Path, arch: str = "amd64") -> subprocess.CompletedProcess[str]:
    options = ["--image", str(image), "--name", "@base", "--arch", arch]
    return tool("tools.base_state", [*options, "--state", str(state), "--status", f"{state}.status"])


def read(image: Path, tmp_path: Path) -> Result:
    state = tmp_path / "base.state"
    done = run(image, state)
    assert (done.returncode, done.stderr) == (0, "")
    return Result(state, state, Path(f"{state}.status"))


def base_of(machine: Machine, tmp_path: Path) -> Result:
    return read(single(tmp_path / "image", machine.layer()), tmp_path)


def refused(image: Path, tmp_path: Path, arch: str = "amd64") -> str:
    done = run(image, tmp_path / "state", arch)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "state").exists()
    return done.stderr


PASSWD = """\
root:x:0:0:root:/root:/bin/bash
_apt:x:42:65534::/nonexistent:/usr/sbin/nologin
ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash
"""
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


def deb(make: Maker, name: str, control: str = "", **files: str) -> Built:
    return make.deb(name, Content(files=files or {f"usr/bin/{name}": ""}, control=control))


BASE_PACKAGES = {
    "libc6": ("2.31-0ubuntu9", ""),
    "libssl3t64": (
        "3.0.13-0ubuntu3.5",
        "Provides: libssl3 (= 3.0.13-0ubuntu3.5), ssl-virtual\nBreaks: libssl3 (<< 3)\n",
    ),
    "old": ("1", "Conflicts: newcomer\n"),
}


@pytest.fixture
def ubuntu(machine: Machine, tmp_path: Path) -> Result:
    for name, (version, control) in BASE_PACKAGES.items():
        content = Content(files={f"usr/share/{name}": ""}, control=control)
        machine.dpkg("--install", build(tmp_path, name, content, version=version).path)
    return base_of(machine, tmp_path)


@pytest.mark.parametrize(
    ("needs", "taken"),
    [
        ("libc6", []),
        ("libc6 (>= 2.31)", []),
        ("libc6:any (<< 2.32)", []),
        ("libssl3 (>= 3.0.9)", []),
        ("ssl-virtual", []),
        ("absent | libc6", []),
        ("extra", ["extra"]),
        ("extra | libc6", []),
        ("extra-virtual (= 1.0), second", ["extra", "second"]),
        ("extra (>= 2) | second (>= 1)", ["second"]),
    ],
)
def test_what_the_base_lacks_is_taken(ubuntu: Result, make: Maker, needs: str, taken: Sequence[str]) -> None:
    offered = [
        deb(make, "tool", f"Depends: {needs}\n"),
        deb(make, "extra", "Provides: extra-virtual (= 1.0)\n"),
    ]
    offered += [deb(make, "second"), deb(make, "unasked")]
    top = make.layer(*offered, base=ubuntu, roots=["tool"])
    names = {each.expected.package for each in offered}
    assert sorted(names & set(read_state(top.state).packages)) == sorted(["tool", *taken])


@pytest.mark.parametrize(
    ("control", "message"),
    [
        ("Depends: libc6 (>= 2.36)", "tool 1.0 needs libc6 (>= 2.36); the base has libc6 2.31-0ubuntu9\n"),
        (
            "Pre-Depends: libc6 (>= 2.36)",
            "tool 1.0 needs libc6 (>= 2.36); the base has libc6 2.31-0ubuntu9\n",
        ),
        (
            "Depends: libssl3 (>= 3.5)",
            "the base has libssl3t64 3.0.13-0ubuntu3.5, which provides libssl3 (= 3.0.13-0ubuntu3.5)\n",
        ),
        ("Depends: ssl-virtual (>= 1)", "needs ssl-virtual (>= 1); the base has libssl3t64"),
        ("Depends: absent | gone (= 1)", "needs absent or gone (= 1); neither the base nor the set has it\n"),
        (
            "Depends: newcomer",
            "newcomer 1.0 cannot be added to a base with old 1: old conflicts with newcomer",
        ),
        (
            "Breaks: old (<< 2)",
            "tool 1.0 cannot be added to a base with old 1: tool conflicts with old (<< 2)",
        ),
    ],
)
def test_a_base_that_does_not_fit_is_explained(
    ubuntu: Result, make: Maker, control: str, message: str
) -> None:
    error = make.error(deb(make, "tool", f"{control}\n"), deb(make, "newcomer"), base=ubuntu, roots=["tool"])
    assert message in error
    assert "Take a base that is newer, or what fits this one" in error


def test_all_of_an_elf_set_is_taken_and_nothing_more(ubuntu: Result, make: Maker) -> None:
    offered = [deb(make, "tool", "Depends: libc6 (>= 2.31), absent\n"), deb(make, "second")]
    top = make.layer(*offered, base=ubuntu, roots=["tool"], auto=["second"], closure="elf")
    packages = read_state(top.state).packages
    assert {"tool", "second", "libc6"} <= packages.keys()
    assert packages["second"].auto
    assert "\nDepends: libc6 (>= 2.31)\n" in packages["tool"].status
    assert "\nX-Full-Depends: libc6 (>= 2.31), absent\n" in packages["tool"].status


def test_an_elf_set_is_too_new_for_a_base_as_any_other(ubuntu: Result, make: Maker) -> None:
    tool = deb(make, "tool", "Depends: libc6 (>= 2.36)\n")
    error = make.error(tool, base=ubuntu, roots=["tool"], closure="elf")
    assert "tool 1.0 needs libc6 (>= 2.36); the base has libc6 2.31-0ubuntu9\n" in error


def test_all_that_does_not_fit_is_said_at_once(ubuntu: Result, make: Maker) -> None:
    tool_deb = deb(make, "tool", "Depends: libc6 (>= 2.36), absent, libssl3 (>= 9)\n")
    assert make.error(tool_deb, base=ubuntu, roots=["tool"]).count("error: tool 1.0 needs ") == 3


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"usr/share/old": "x"}, "/usr/share/old is in both old and tool, and neither diverts it"),
        ({"usr/share/old/x": "x"}, "/usr/share/old is a directory in tool and a file in old"),
        ({"usr/lib": "x"}, "/usr/lib is a file in tool and a directory in another package"),
    ],
)
def test_paths_that_the_base_has(
    machine: Machine, make: Maker, tmp_path: Path, files: dict[str, str], message: str
) -> None:
    machine.dpkg("--install", build(tmp_path, "old", Content(files={"usr/share/old": ""})).path)
    base = base_of(machine, tmp_path)
    assert message in make.error(make.deb("tool", Content(files=files)), base=base, roots=["tool"])


def test_diversions_and_stat_overrides_of_the_base_hold(
    machine: Machine, make: Maker, tmp_path: Path
) -> None:
    machine.write(f"{DPKG}/diversions", "/bin/diverted\n/bin/diverted.real\nold\n")
    machine.write(f"{DPKG}/statoverride", "root #8 4750 /usr/bin/special\n")
    machine.write("etc/passwd", f"{PASSWD}+::::::\n")
    tool_deb = make.deb("tool", Content(files={"bin/diverted": "x", "usr/bin/special": "y"}))
    top = make.layer(tool_deb, base=base_of(machine, tmp_path), roots=["tool"])
    assert top.text("usr/bin/diverted.real") == "x"
    assert "usr/bin/diverted" not in top.names()
    assert top.mode("usr/bin/special") == 0o4750
    assert not {f"{DPKG}/diversions", f"{DPKG}/statoverride"} & set(top.names()), "both are as they were"


def test_what_no_package_owns_is_replaced_as_by_dpkg(machine: Machine, make: Maker, tmp_path: Path) -> None:
    machine.write("usr/share/mine", "mine")
    base = base_of(machine, tmp_path)
    top = make.layer(make.deb("tool", Content(files={"usr/share/mine": "theirs"})), base=base, roots=["tool"])
    assert top.text("usr/share/mine") == "theirs"


def test_a_taken_uid_is_an_error(machine: Machine, make: Maker, tmp_path: Path) -> None:
    machine.write("etc/passwd", PASSWD)
    user = {"user": "svc", "uid": 42, "gid": 0, "home": "/none", "shell": "/bin/false", "why": "w"}
    error = make.error(deb(make, "t"), base=base_of(machine, tmp_path), roots=["t"], policy={"t": [user]})
    assert "adds the user svc with the uid 42, which is _apt's in the base" in error


def test_a_base_without_merged_usr_is_refused_where_it_matters(
    machine: Machine, make: Maker, tmp_path: Path
) -> None:
    (machine.path / "bin").unlink()
    (machine.path / "bin").mkdir()
    error = make.error(deb(make, "t"), base=base_of(machine, tmp_path), roots=["t"])
    assert "the base has no link /bin to usr/bin, as the packages of bookworm expect" in error


def test_upper_layers_win_and_whiteouts_remove(machine: Machine, tmp_path: Path) -> None:
    status = machine.text(f"{DPKG}/status")
    low = [
        folder("var/lib/dpkg/alternatives"),
        file(f"{DPKG}/status", b"Package: x\n"),
        file("etc/removed"),
        file("opt/a"),
        folder("opt/b"),
        file("opt/b/c"),
    ]
    upper = machine.layer()
    top = [
        file(f"{DPKG}/status", status.encode()),
        file("etc/.wh.removed"),
        file("opt/.wh..wh..opq"),
        file("opt/d"),
    ]
    kinds: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "members": gzip_members,
        "zstd": zstd,
    }
    for name, compress in kinds.items():
        layout = Layout(tmp_path / name)
        image = layout.finish(layout.image([low, upper, top], compress=compress))
        base = read(image, tmp_path)
        assert base.status.read_text() == status
        files = read_state(base.state).files
        assert {path for path in files if path.startswith(("etc/", "opt/"))} == {"opt/d"}


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-cq"], input=data, stdout=subprocess.PIPE, check=True).stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda machine: (machine.path / f"{DPKG}/status").unlink(),
            "the image has no /var/lib/dpkg/status\n",
        ),
        (
            lambda machine: machine.write(f"{DPKG}/status", "\n"),
            "the image has an empty /var/lib/dpkg/status\n",
        ),
        (
            lambda machine: [
                (machine.path / f"{DPKG}/status").unlink(),
                machine.write(f"{DPKG}/status.d/base", "Package: base-files\n"),
            ],
            "status, only /var/lib/dpkg/status.d with notes for scanners, as distroless images have\n",
        ),
        (
            lambda machine: (machine.path / f"{DPKG}/info/format").unlink(),
            "the image has a package database of format 0",
        ),
        (
            lambda machine: machine.write(f"{DPKG}/status", "Package: x\nVersion: 1\n\n"),
            "/var/lib/dpkg/status has a stanza without Package or Status: 'Package: x'",
        ),
        (
            lambda machine: (machine.path / f"{DPKG}/status").write_bytes(b"Package: \xff\n"),
            "/var/lib/dpkg/status of the image is not UTF-8",
        ),
        (
            lambda machine: machine.write(f"{DPKG}/statoverride", "root root 4755\n"),
            "/var/lib/dpkg/statoverride of the image is not what dpkg-statoverride writes: 'root root 4755'",
        ),
        (
            lambda machine: machine.write(f"{DPKG}/alternatives/x", "auto\n"),
            "/var/lib/dpkg/alternatives/x of the image is not what update-alternatives writes",
        ),
        (
            lambda machine: machine.write(
                f"{DPKG}/status", machine.text(f"{DPKG}/status").replace("ok installed", "ok half-installed")
            ),
            "dpkg itself is 'install ok half-installed' in the image",
        ),
        (
            lambda machine: machine.write(
                f"{DPKG}/status",
                machine.text(f"{DPKG}/status").replace("Architecture: amd64", "Architecture: arm64"),
            ),
            "the image is for arm64, as its dpkg is, and not for amd64",
        ),
    ],
)
def test_images_that_are_no_base(
    machine: Machine, tmp_path: Path, change: Callable[[Machine], Any], message: str
) -> None:
    change(machine)
    error = refused(single(tmp_path / "image", machine.layer()), tmp_path)
    assert error.startswith("error: @base: ")
    assert message in error


def test_an_image_of_another_architecture_is_refused(machine: Machine, tmp_path: Path) -> None:
    error = refused(single(tmp_path / "image", machine.layer()), tmp_path, arch="arm64")
    assert "error: @base: the image is for linux/amd64, not linux/arm64" in error


def test_a_damaged_layer_is_refused(machine: Machine, tmp_path: Path) -> None:
    image = single(tmp_path / "image", machine.layer())
    layer = max((image / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    layer.write_bytes(layer.read_bytes()[:-1])
    assert "layer 1 of 1 is not what its digest says" in refused(image, tmp_path)
