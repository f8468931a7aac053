"""The real apt and dpkg in an image with a set of the closure `elf`, which lacks what its Depends name."""

from __future__ import annotations

import pytest

from apt.tests.roots import Root, runfile_list, use_mirrors

CUT = "libgdk-pixbuf-2.0-0"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    made = Root(tmp_path_factory.mktemp("root") / "tree")
    for layer in runfile_list("LAYERS"):
        made.add(layer)
    return made


def test_apt_and_dpkg_find_no_fault(root: Root) -> None:
    shown = root.ok("dpkg-query", "--show", "--showformat", "${db:Status-Abbrev} ${Version} ${Depends}", CUT)
    status, version, depends = shown.split(maxsplit=2)
    assert status == "ii"
    assert version.startswith("2.42")
    assert "libglib2.0-0" in depends
    assert "shared-mime-info" not in depends
    assert "shared-mime-info" in root.ok("dpkg-query", "--show", "--showformat", "${X-Full-Depends}", CUT)
    assert "X-Full-Depends" in root.ok("dpkg", "--status", CUT)
    assert root.ok("dpkg", "--audit") == ""
    root.ok("apt-get", "check")
    planned = root.ok("apt-get", "install", "--simulate", "--fix-broken")
    assert "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded." in planned


def test_a_further_package_installs_and_changes_no_other(root: Root) -> None:
    env = use_mirrors(root, "bookworm")
    done = root.run("apt-get", "update", network=True, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    before = root.ok("dpkg", "--status", CUT)
    # It needs a library of the set; gdk-pixbuf would need it, and so it may come.
    done = root.run("apt-get", "install", "--yes", "shared-mime-info", network=True, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 to remove " in done.stdout
    assert root.ok("dpkg", "--status", CUT) == before
    assert root.ok("dpkg", "--audit") == ""
    root.ok("apt-get", "check")
    # For apt the package in the archive is another build of the same version.
    assert "1 not upgraded" in root.ok("apt-get", "upgrade", "--simulate")
    assert "libjpeg62-turbo" in root.ok("apt-get", "dist-upgrade", "--simulate")
