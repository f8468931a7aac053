"""The command apt-install with the real apt and dpkg: a private root, an archive of tiny packages."""

from __future__ import annotations

import hashlib
import os
import pty
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

COMMAND = Path(__file__).resolve().parent / "rootfs/usr/local/sbin/apt-install"
Done = subprocess.CompletedProcess[str]


class Apt:
    """A root that apt and dpkg work in without privilege, and a `file:` archive for it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.archive = folder / "archive"
        self.config = folder / "apt.conf"
        for name in (
            "etc/apt/apt.conf.d etc/apt/preferences.d etc/apt/sources.list.d etc/apt/trusted.gpg.d"
            " var/lib/apt/lists/partial var/cache/apt/archives/partial var/log/apt var/lib/dpkg/updates"
            " var/lib/dpkg/info var/lib/dpkg/triggers var/cache/ldconfig var/cache/debconf"
        ).split():
            (self.root / name).mkdir(parents=True)
        (self.root / "var/lib/dpkg/status").touch()
        self.archive.mkdir()
        source = f"deb [trusted=yes] file:{self.archive} ./\n"
        (self.root / "etc/apt/sources.list").write_text(source)
        self.config.write_text(
            textwrap.dedent(f"""\
                Dir "{self.root}/";
                Dir::Bin::dpkg "/usr/bin/dpkg";
                Dir::State::status "{self.root}/var/lib/dpkg/status";
                APT::Architecture "amd64";
                APT::Sandbox::User "";
                DPkg::Options {{ "--root={self.root}"; "--force-not-root"; "--force-script-chrootless";
                                 "--force-bad-path"; "--log={self.root}/var/log/dpkg.log"; }};
                """)
        )
        self.env = {"PATH": os.environ["PATH"], "APT_CONFIG": str(self.config), "DPKG_ROOT": str(self.root)}

    def package(self, name: str, version: str = "1.0", **fields: str) -> None:
        """Adds a package to the archive; a field `postinst` is that script."""
        folder = self.archive.parent / "build" / f"{name}_{version}"
        (folder / "DEBIAN").mkdir(parents=True)
        (folder / f"usr/share/{name}").mkdir(parents=True)
        (folder / f"usr/share/{name}/version").write_text(version)
        if script := fields.pop("postinst", ""):
            (folder / "DEBIAN/postinst").write_text(f"#!/bin/sh\n{script}\n")
            (folder / "DEBIAN/postinst").chmod(0o755)
        control = {"Package": name, "Version": version, "Architecture": "all"}
        control |= {"Maintainer": "T <t@example.org>", "Description": name}
        control |= {key.replace("_", "-"): value for key, value in fields.items()}
        (folder / "DEBIAN/control").write_text("".join(f"{key}: {value}\n" for key, value in control.items()))
        # Its files belong to who runs the test: dpkg may give them to nobody else, unless it is root.
        built = ["dpkg-deb", "-b", str(folder), str(self.archive)]
        subprocess.run(built, capture_output=True, check=True)

    def index(self) -> None:
        """Writes the archive's list of packages."""
        stanzas = []
        for deb in sorted(self.archive.glob("*.deb")):
            control = subprocess.run(
                ["dpkg-deb", "-f", deb], capture_output=True, text=True, check=True
            ).stdout
            digest = hashlib.sha256(deb.read_bytes()).hexdigest()
            stanzas.append(f"{control}Filename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n")
        (self.archive / "Packages").write_text("\n".join(stanzas))

    def run(self, *arguments: str, stdin: str = "", tool: Path | str = COMMAND, **env: str) -> Done:
        command, environment = [tool, *arguments], self.env | env
        return subprocess.run(
            command, env=environment, input=stdin, capture_output=True, text=True, timeout=60, check=False
        )

    def installed(self) -> dict[str, str]:
        query = ["dpkg-query", f"--admindir={self.root}/var/lib/dpkg"]
        query += ["-W", "-f", "${Package} ${Version} ${Status}\n"]
        lines = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
        return {line.split()[0]: line.split()[1] for line in lines if line.endswith(" installed")}

    def leftovers(self) -> list[str]:
        """Files below apt's folders and the logs, and dpkg's backups."""
        folders = [self.root / "var/lib/apt/lists", self.root / "var/cache", self.root / "var/log"]
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        files += (self.root / "var/lib/dpkg").glob("*-old")
        return sorted(str(path.relative_to(self.root)) for path in files)


def own_words(done: Done) -> list[str]:
    """What apt-install itself said; apt has warnings of its own where it may not change a file's owner."""
    return [line for line in done.stderr.splitlines() if "apt-install" in line or line.startswith("E:")]


@pytest.fixture
def apt(tmp_path: Path) -> Apt:
    made = Apt(tmp_path)
    made.package("plain")
    made.package("needs", Depends="plain, g++", Recommends="fancy", Suggests="fancy")
    made.package("g++")
    made.package("fancy")
    made.package("broken", postinst="exit 3")
    made.package("curious", postinst='test "$DEBIAN_FRONTEND" = noninteractive && ! read -r line')
    made.index()
    return made


def test_packages_with_their_dependencies_and_nothing_else(apt: Apt) -> None:
    done = apt.run("needs")
    assert (done.returncode, own_words(done)) == (0, [])
    assert set(apt.installed()) == {"needs", "plain", "g++"}
    assert apt.leftovers() == []
    assert (apt.root / "var/lib/apt/lists/partial").is_dir()


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        ((), "plain\nfancy\n"),
        (("-",), "plain fancy"),
        (("-",), "# list\r\n\r\nplain # why\r\n\tfancy\r\n"),
        (("plain", "-"), "fancy\n"),
        (("plain", "fancy"), "g++"),
        (("--", "plain=1.0", "fancy:all"), ""),
    ],
)
def test_names_come_from_arguments_or_standard_input(
    apt: Apt, arguments: tuple[str, ...], stdin: str
) -> None:
    done = apt.run(*arguments, stdin=stdin)
    assert (done.returncode, own_words(done)) == (0, [])
    assert set(apt.installed()) == {"plain", "fancy"}


@pytest.mark.parametrize("option", ["-ra", "-a"])
@pytest.mark.parametrize(("content", "wanted"), [("plain\nfancy\n", {"plain", "fancy"}), ("", set())])
def test_it_works_behind_xargs(apt: Apt, tmp_path: Path, option: str, content: str, wanted: set[str]) -> None:
    (tmp_path / "pkgdeps.txt").write_text(content)
    done = apt.run(option, str(tmp_path / "pkgdeps.txt"), str(COMMAND), tool="xargs")
    assert done.returncode == 0
    assert set(apt.installed()) == wanted


def test_no_name_is_no_work(apt: Apt) -> None:
    before = sorted(apt.root.rglob("*"))
    done = apt.run(stdin="\n# nothing\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no packages named" in done.stderr
    assert sorted(apt.root.rglob("*")) == before


def test_installed_packages_are_not_upgraded(apt: Apt) -> None:
    apt.run("plain")
    apt.package("plain", "2.0")
    apt.index()
    assert apt.run("plain", "fancy").returncode == 0
    assert apt.installed() == {"plain": "1.0", "fancy": "1.0"}


def test_what_is_needed_no_longer_is_removed(apt: Apt) -> None:
    apt.run("needs")
    apt.package("rival", Conflicts="needs")
    apt.index()
    assert apt.run("rival").returncode == 0
    assert set(apt.installed()) == {"rival"}


def test_held_packages_are_no_error(apt: Apt) -> None:
    apt.run("plain", "fancy")
    for hold in ("plain", "needs"):
        apt.run("hold", hold, tool="apt-mark")
    apt.package("plain", "2.0")
    apt.package("wants", Depends="plain (>= 1)")
    apt.index()
    assert apt.run("plain", "wants").returncode == 0
    assert apt.installed() == {"plain": "1.0", "fancy": "1.0", "wants": "1.0"}
    assert apt.run("needs").returncode == 0
    assert apt.installed()["needs"] == "1.0"


def test_a_held_package_gives_way_only_when_it_must(apt: Apt) -> None:
    apt.run("plain", "fancy")
    apt.run("hold", "plain", "fancy", tool="apt-mark")
    apt.package("plain", "2.0")
    apt.package("fancy", "2.0")
    apt.package("newer", Depends="plain (>= 2)")
    apt.index()
    assert apt.run("newer", "fancy").returncode == 0
    assert apt.installed() == {"plain": "2.0", "fancy": "1.0", "newer": "1.0"}


def test_a_local_file_may_be_named(apt: Apt) -> None:
    path = apt.archive / "copy of plain.deb"
    shutil.copy(apt.archive / "plain_1.0_all.deb", path)
    assert apt.run(str(path)).returncode == 0
    assert set(apt.installed()) == {"plain"}


def test_scripts_see_no_terminal_and_no_input(apt: Apt) -> None:
    done = apt.run(stdin="curious\n", DEBIAN_FRONTEND="dialog")
    assert (done.returncode, own_words(done)) == (0, [])


def test_apts_exit_code_is_kept_and_everything_is_cleaned(apt: Apt) -> None:
    done = apt.run("plain", "broken")
    assert done.returncode == 100
    assert "error processing package broken" in done.stdout + done.stderr
    assert apt.leftovers() == []


@pytest.mark.parametrize("name", ["missing", "plain=9", "plain/nosuite"])
def test_an_unknown_package_is_apts_error(apt: Apt, name: str) -> None:
    done = apt.run(name)
    assert done.returncode == 100
    assert f"'{name}'" in done.stderr or f"package {name}" in done.stderr or name[-1] in done.stderr
    assert (apt.installed(), apt.leftovers()) == ({}, [])


def test_a_name_is_never_a_pattern(apt: Apt) -> None:
    apt.package("python3x11")
    apt.index()
    done = apt.run("python3.11")
    assert (done.returncode, apt.installed()) == (100, {})


def test_a_failing_update_ends_it_with_apts_code(apt: Apt) -> None:
    (apt.archive / "Packages").unlink()
    (apt.root / "var/log/apt/history.log").write_text("old")
    done = apt.run("plain")
    assert done.returncode == 100
    assert (apt.installed(), apt.leftovers()) == ({}, [])


def test_half_failing_updates_count_as_well(apt: Apt) -> None:
    """apt-get update itself exits 0 when one of two sources cannot be reached."""
    source = "deb [trusted=yes] http://127.0.0.1:1/debian bookworm main\n"
    (apt.root / "etc/apt/sources.list.d/gone.list").write_text(source)
    done = apt.run("plain", http_proxy="")
    assert (done.returncode, apt.installed()) == (100, {})


@pytest.mark.parametrize(
    "name",
    "| |Plain|plain-|plain fancy|pla*|-y|--purge|plain;id|$(id)|../x|a\nplain|~i|pla.*".split("|"),
)
def test_bad_names_are_one_clear_error_each(apt: Apt, name: str) -> None:
    done = apt.run("plain", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"apt-install: not a package name: '{name}'" in done.stderr
    assert apt.installed() == {}


def test_all_bad_names_are_told(apt: Apt) -> None:
    done = apt.run("Bad", "./none.deb", stdin="")
    assert done.returncode == 2
    assert "not a package name: 'Bad'\n" in done.stderr
    assert "no such file: './none.deb'\n" in done.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(apt: Apt, option: str) -> None:
    done = apt.run("plain", option)
    assert (done.returncode, done.stderr) == (0, "")
    for word in ("usage: apt-install", "standard input", "exit code", "--help"):
        assert word in done.stdout


def test_on_a_terminal_it_says_what_it_waits_for(apt: Apt) -> None:
    """With a real terminal: two names are typed, then Ctrl-D."""
    parent, child = pty.openpty()
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([COMMAND], env=apt.env, stdin=child, stderr=subprocess.PIPE, stdout=quiet)
    assert process.stderr is not None
    assert b"from the terminal; end with Ctrl-D" in process.stderr.readline()
    os.write(parent, b"plain fancy\n\x04")
    assert process.wait(60) == 0
    process.stderr.close()
    os.close(parent)
    os.close(child)
    assert set(apt.installed()) == {"plain", "fancy"}


def test_an_interrupted_run_is_cleaned_up(apt: Apt) -> None:
    apt.package("slow", postinst='kill -INT "$TESTED"; sleep 1')
    apt.index()
    script = f'TESTED=$$; export TESTED; exec "{COMMAND}" slow'
    done = apt.run("-c", script, tool="/bin/sh")
    assert done.returncode == 130
    assert apt.leftovers() == []


def test_shellcheck_has_nothing_to_say() -> None:
    done = subprocess.run(["shellcheck", "--shell=sh", COMMAND], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
