"""Debian's own tools, started in the layers for amd64, find everything as they would have left it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from apt.tests.roots import Root, locked_packages, runfile, runfile_list
from tools.deb_part.excludes import read_excludes
from tools.image_run.unpack import can_set_owners

SUITE, PYTHON, SETS = os.environ["SUITE"], os.environ["PYTHON_VERSION"], os.environ["SETS"].split()

# What maintainer scripts write that is no part of an image, with the reason.
NOT_IN_IMAGE = {
    r"/var/cache/debconf/.*-old": "debconf's backups",
    r"/var/log/.*": "logs",
    r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-": "backups of what has not changed",
    r"/etc/\.pwd\.lock": "a lock",
    r"/etc/ld\.so\.cache": "made for the whole image, by ld_cache_layer",
    r"/var/cache/ldconfig/aux-cache": "made with ld.so.cache",
    r".*/__pycache__(/.*)?": "byte code: images are read-only for Python",
    r"/var/lib/dpkg/(lock|triggers/Lock|lock-frontend)": "locks",
    r"/run/utmp": "logins of a running machine",
    r"/var/lib/dpkg/triggers/Unincorp": "triggers that the scripts activate; dpkg would then process them",
    r"/usr/local/share/man/man": "base-files runs `ln -sf share/man /usr/local/man` over its link",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    made = Root(tmp_path_factory.mktemp("root") / "tree")
    for layer in runfile_list("LAYERS"):
        made.add(layer)
    return made


def test_dpkg_lists_the_locked_packages_and_finds_no_fault(root: Root) -> None:
    shown = root.ok("dpkg-query", "--show", "--showformat", "${Package} ${Version} ${db:Status-Abbrev}\n")
    installed = {}
    for line in shown.splitlines():
        name, version, status = line.split()
        installed[name] = version
        assert status == "ii", line
    assert installed == locked_packages(runfile("LOCK"), "amd64", *SETS)
    assert root.ok("dpkg", "--audit") == ""
    assert root.run("apt-get", "check").returncode == 0


def test_dpkg_verify_misses_only_what_the_path_rules_leave_out(root: Root) -> None:
    excludes = read_excludes(runfile("EXCLUDES"))
    lines = root.run("dpkg", "--verify").stdout.splitlines()
    assert lines
    for line in lines:
        assert line.startswith(("missing ", "??5?????? ")), line  # dpkg 1.20 has no word for it
        path = line[line.index("/") :]
        assert not os.path.lexists(f"{root.path}{path}"), line
        assert excludes.skips(path, container=False) or excludes.skips(path, container=True), line


def test_dpkg_knows_owners_of_files(root: Root) -> None:
    bash = "/usr/bin/bash" if SUITE == "trixie" else "/bin/bash"
    assert root.ok("dpkg", "-S", bash) == f"bash: {bash}\n"
    assert f"/usr/bin/python{PYTHON}" in root.ok("dpkg", "-L", f"python{PYTHON}-minimal").splitlines()
    assert "Installed: " in root.ok("apt-cache", "policy", f"python{PYTHON}-minimal")


def test_maintainer_scripts_find_nothing_left_to_do(root: Root, tmp_path: Path) -> None:
    """Runs every postinst as for a first installation; it must leave the tree as it is."""
    if not can_set_owners():
        pytest.skip("maintainer scripts give files away, which takes root")
    scratch = Root(tmp_path / "tree")
    for layer in runfile_list("LAYERS"):
        scratch.add(layer)
    before = scratch.snapshot()
    for script in sorted((scratch.path / "var/lib/dpkg/info").glob("*.postinst")):
        package = script.name.removesuffix(".postinst").split(":")[0]
        env = {
            "DPKG_MAINTSCRIPT_PACKAGE": package,
            "DPKG_MAINTSCRIPT_NAME": "postinst",
            "DPKG_MAINTSCRIPT_ARCH": "amd64",
            "DPKG_RUNNING_VERSION": "1.21.22",
            "DPKG_ADMINDIR": "/var/lib/dpkg",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = scratch.run(f"/var/lib/dpkg/info/{script.name}", "configure", "", env=env)
        assert done.returncode == 0, script.name + done.stdout + done.stderr
    after = scratch.snapshot()
    changed = {path: (before.get(path), after.get(path)) for path in before.keys() | after.keys()}
    changed = {path: both for path, both in changed.items() if both[0] != both[1]}
    assert {path: both for path, both in changed.items() if not known(path)} == {}


def known(path: str) -> bool:
    return any(re.fullmatch(pattern, path) for pattern in NOT_IN_IMAGE)


def test_users_and_groups_are_consistent(root: Root) -> None:
    if (root.path / "usr/sbin/pwck").exists():
        root.ok("pwck", "-r", "-q")
        root.ok("grpck", "-r")
    assert root.ok("update-passwd", "--dry-run", "--verbose") == "No changes needed\n"
    uid = 100 if SUITE == "bullseye" else 42
    assert root.ok("getent", "passwd", "_apt").split(":")[2] == str(uid)
    assert (root.path / "var/lib/apt/lists/partial").stat().st_uid in (uid, os.geteuid())


def test_alternatives_are_those_of_update_alternatives(root: Root) -> None:
    chosen = [line.split() for line in root.ok("update-alternatives", "--get-selections").splitlines()]
    expected = {
        "awk": ("auto", "/usr/bin/mawk"),
        "pager": ("auto", "/bin/more"),
        "rmt": ("auto", "/usr/sbin/rmt-tar"),
    }
    if SUITE != "bullseye":
        expected["which"] = ("auto", "/usr/bin/which.debianutils")
    if "devel" in SETS:
        expected |= {
            "c++": ("auto", "/usr/bin/g++"),
            "c89": ("auto", "/usr/bin/c89-gcc"),
            "c99": ("auto", "/usr/bin/c99-gcc"),
            "cc": ("auto", "/usr/bin/gcc"),
            "cpp": ("auto", "/usr/bin/cpp"),
            "lzma": ("auto", "/usr/bin/xz"),
            "my.cnf": ("auto", "/etc/mysql/mariadb.cnf"),
        }
    assert {name: (mode, path) for name, mode, path in chosen} == expected
    assert root.ok("sh", "-c", "echo 1 2 | awk '{ print $2 }'") == "2\n"


def test_certificates_are_found_by_openssl_and_python(root: Root) -> None:
    store = root.path / "etc/ssl/certs"
    names = sorted(path.name for path in store.glob("*.pem"))
    assert len(names) > 100
    for name in names[::10]:
        path = f"/etc/ssl/certs/{name}"
        value = root.ok("openssl", "x509", "-noout", "-subject_hash", "-in", path).strip()
        links = {str(link.readlink()) for link in store.glob(f"{value}.*")}
        assert name in links, f"no link {value}.N to {name}"
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    code = f"import ssl; print(ssl.create_default_context(cafile='{bundle}').cert_store_stats()['x509_ca'])"
    assert int(root.ok(f"python{PYTHON}", "-c", code)) == len(names)


def test_python_is_complete(root: Root) -> None:
    code = "import asyncio, ctypes, lzma, sqlite3, ssl, sys, zoneinfo; print('%d.%d' % sys.version_info[:2])"
    assert root.ok(f"python{PYTHON}", "-B", "-c", code) == PYTHON + "\n"


def test_apt_sources_name_the_locked_suites(root: Root) -> None:
    # apt's own reading of them: the Release files that it would fetch.
    urls = root.ok("apt-get", "update", "--print-uris").splitlines()
    suites = {url.split("/dists/")[1].split("/")[0] for url in urls}
    updates = {f"{SUITE}-updates"} if SUITE != "bullseye" else set()  # its apt's example has none
    assert suites == {SUITE, f"{SUITE}-security"} | updates
    assert {url.split("/")[-3] for url in urls if "/Packages" in url} == {"main"}
    shown = root.ok("apt-config", "dump", "APT::Install-Recommends")
    assert shown == 'APT::Install-Recommends "false";\n'
