"""Debian's tools, started in an image with image_run, take it for one that they made themselves."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from tests.debian.runner import Run, output
from tools.deb_part.excludes import read_excludes


def test_dpkg_verify_misses_only_what_the_path_rules_leave_out(run: Run, root: Path, excludes: Path) -> None:
    rules = read_excludes(excludes)
    lines = run("dpkg", "--verify").stdout.splitlines()
    assert lines
    for line in lines:
        match = re.fullmatch(r"(?:missing  |\?\?5\?{6}) [ c] (/.*)", line)  # dpkg 1.20 has no word for it
        assert match, line
        path = match[1]
        assert not os.path.lexists(f"{root}{path}"), line
        assert rules.skips(path, container=False) or rules.skips(path, container=True), line


def test_dpkg_knows_the_files_of_every_package_and_the_package_of_every_file(
    run: Run, root: Path, locked: dict[str, tuple[str, str]], tmp_path: Path
) -> None:
    files = output(run("dpkg", "-L", *locked)).splitlines()
    there = sorted({path for path in files if path.startswith("/") and _is_regular(root / path[1:])})
    assert len(there) > 1000
    (tmp_path / "there").write_text("".join(f"{path}\n" for path in there))
    bind = ("--bind", f"{tmp_path / 'there'}:/tmp/there:ro")
    owners = output(run(*bind, "xargs", "--delimiter=\\n", "--arg-file=/tmp/there", "dpkg", "-S"))
    found = {}
    for line in owners.splitlines():
        names, _, path = line.rpartition(": ")
        if not names.startswith(("diversion by ", "local diversion ")):
            found[path] = {name.partition(":")[0] for name in names.split(", ")}
    assert found.keys() == set(there)
    assert set().union(*found.values()) <= locked.keys()


def test_apt_knows_the_version_of_every_package(run: Run, locked: dict[str, tuple[str, str]]) -> None:
    shown = output(run("apt-cache", "policy", *locked))
    installed = re.findall(r"^(\S+):\n  Installed: (\S+)\n  Candidate: (\S+)\n", shown, re.MULTILINE)
    assert {name.partition(":")[0]: (version, candidate) for name, version, candidate in installed} == {
        name: (version, version) for name, (version, _) in locked.items()
    }


def test_apt_finds_nothing_to_mend_or_to_remove(run: Run) -> None:
    assert output(run("apt-get", "-q", "check")) != ""
    shown = output(run("apt-get", "-q", "--simulate", "--auto-remove", "--fix-broken", "install"))
    assert "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded." in shown


def test_a_further_package_installs_and_leaves_nothing_behind(run: Run, online: list[str]) -> None:
    """`less` has an alternative and manuals, which the path rules leave out."""
    script = """
        files() { find / -xdev '(' -path /proc -o -path /tmp -o -path /dev ')' -prune -o -type f -print; }
        files | sort > /tmp/before
        apt-install less >&2
        files | sort > /tmp/after
        dpkg --audit
        dpkg-query --show --showformat '${Package} ${db:Status-Status}\\n' less
        less --version | head -n 1
        update-alternatives --query pager | grep ^Value
        comm -3 /tmp/before /tmp/after | tr -d '\\t'
    """
    lines = output(run(*online, "sh", "-ec", script)).splitlines()
    assert lines[0] == "less installed"
    assert re.match(r"less [0-9]+ ", lines[1])
    assert lines[2] == "Value: /usr/bin/less"
    known = re.compile(
        "(/usr)?/bin/less(echo|file|key|pipe)?|/usr/lib/mime/packages/less|/usr/share/doc/less/copyright"
        "|/var/lib/dpkg/info/less\\..*|/var/cache/debconf/(config|passwords|templates)\\.dat"
        "|/var/lib/dpkg/(lock(-frontend)?|triggers/(Lock|Unincorp))"
    )
    assert [path for path in lines[3:] if not known.fullmatch(path)] == []
    assert len(lines) > 6


def _is_regular(path: Path) -> bool:
    return os.path.lexists(path) and stat.S_ISREG(path.lstat().st_mode)
