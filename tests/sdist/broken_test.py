"""Builds that go wrong, in a real image: one clear error each, and nothing left of them."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest

from tests.sdist.building import Building
from tools.image_run import testing
from tools.image_run.host import find_bwrap, probe
from tools.sdist_wheel import emulation
from tools.sdist_wheel.sdist_writer import BACKEND, PYPROJECT, entry, project, write_sdist

_IMAGE = Path(os.environ["IMAGE"])


@pytest.fixture(name="building")
def _building(tmp_path: Path) -> Building:
    (tmp_path / "out").mkdir()
    return Building(_IMAGE, tmp_path / "out")


_LOOK = """\
import json, pathlib, socket, time
umask = os.umask(0)
try:
    open("/usr/written", "w")
    written = "yes"
except OSError as error:
    written = error.strerror
seen = {
    "env": dict(os.environ), "cwd": os.getcwd(), "host": socket.gethostname(), "zone": time.tzname[0],
    "ids": [os.getuid(), os.getgid()], "umask": umask, "written": written, "setting": config_settings,
    "root": os.listdir("/"), "interfaces": [name for _, name in socket.if_nameindex()],
}
return wheel(folder, files={"tiny.json": json.dumps(seen)})
"""


def test_a_build_sees_nothing_of_this_machine(building: Building, tmp_path: Path) -> None:
    mine = building.but(env={"SECRET": "x", "TZ": "Asia/Tokyo", "LANG": "C", "HOME": "/nowhere"}, umask=0o077)
    wheel = mine.ok(project(tmp_path, _LOOK), "--env", "CFLAGS=-O3 -g0", "--setting", "key=a=b")
    with zipfile.ZipFile(wheel) as archive:
        seen = json.loads(archive.read("tiny.json"))
    path = seen["env"].pop("PATH").split(":")
    assert path[0] == "/build/env/bin"
    assert "/usr/bin" in path
    assert seen["env"].pop("CFLAGS") == "-O3 -g0"
    assert {
        name: seen["env"].get(name) for name in ("HOME", "TZ", "LANG", "SOURCE_DATE_EPOCH", "SECRET")
    } == {
        "HOME": "/build/home",
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "SOURCE_DATE_EPOCH": "315532800",
        "SECRET": None,
    }
    assert (seen["cwd"], seen["host"], seen["zone"]) == ("/build/source/tiny-1.0", "build", "UTC")
    assert (seen["ids"], seen["umask"]) == ([1000, 1000], 0o022)
    assert {"build", "usr"} <= set(seen["root"])
    assert "work" not in seen["root"]
    assert seen["written"] in ("Permission denied", "Read-only file system")
    assert seen["interfaces"] == ["lo"]
    assert seen["setting"] == {"key": "a=b"}


def test_members_are_sorted_and_have_neither_times_nor_owners(building: Building, tmp_path: Path) -> None:
    body = 'return wheel(folder, files={"tiny/z.py": "", "tiny/a.py": "", "b.py": ""})'
    with zipfile.ZipFile(building.ok(project(tmp_path, body))) as archive:
        infos = archive.infolist()
    info = "tiny-1.0.dist-info"
    names = ["b.py", "tiny/a.py", "tiny/z.py", f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD"]
    assert [each.filename for each in infos] == names
    assert {each.date_time for each in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {each.external_attr >> 16 for each in infos} == {0o100644}


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (
            "import urllib.request\nurllib.request.urlopen('http://192.0.2.1/data')",
            ["failed with exit code 1; it said last:", "| ", "The build wanted the network, and has none."],
        ),
        (
            "import urllib.request\nurllib.request.urlopen('http://data.example/')",
            ["failed with exit code 1", "The build wanted the network, and has none.", "in `requires`"],
        ),
        ("raise ValueError('unheard of')", ["| ValueError: unheard of", "It was built in //some:image"]),
        ("return wheel(folder, name='other')", ["its build made other 1.0, the lock has tiny 1.0"]),
        (
            "wheel(folder, name='a')\nreturn wheel(folder)",
            ["2 wheels instead of one file: a-1.0-py3-none-any.whl, tiny-1.0-py3-none-any.whl"],
        ),
        ("open(folder + '/a.whl', 'w').write('x')", ["BadZipFile"]),
        (
            "os.symlink('/etc/passwd', '/build/out/tiny-1.0-py3-none-any.whl')",
            ["1 wheels instead of one file: tiny-1.0-py3-none-any.whl"],
        ),
        (
            "os.symlink('/etc/passwd', '/build/absent.json')\nos._exit(97)",
            ["failed with exit code 97", "(it said nothing)"],
        ),
    ],
)
def test_a_build_that_fails_says_why(
    body: str, messages: list[str], building: Building, tmp_path: Path
) -> None:
    said = building.error(project(tmp_path, body))
    for message in messages:
        assert message in said
    assert len(said.splitlines()) < 40


def test_only_the_end_of_a_long_story_is_told(building: Building, tmp_path: Path) -> None:
    said = building.error(
        project(tmp_path, "print('\\n'.join(f'line {n}' for n in range(1000)))\nos._exit(1)")
    )
    assert "failed with exit code 1; it said last:" in said
    assert "line 999\n" in said
    assert "line 900\n" not in said


def test_what_the_backend_needs_must_be_given(building: Building, tmp_path: Path) -> None:
    wanting = PYPROJECT.replace("requires = []", 'requires = ["Flit_Core >=3.2", "setuptools"]')
    sdist = project(tmp_path, "return wheel(folder)", {"pyproject.toml": wanting})
    said = building.error(sdist)
    assert said.startswith("its build needs Flit_Core >=3.2, setuptools\n")
    assert 'requires = ["@HUB//flit_core:whl"]' in said


def test_what_the_backend_asks_for_later_must_be_given_too(building: Building, tmp_path: Path) -> None:
    backend = BACKEND.format(body="    return wheel(folder)")
    backend += "\ndef get_requires_for_build_wheel(settings=None):"
    backend += "\n    return ['Cython<4', 'x; python_version<\"3\"']\n"
    said = building.error(project(tmp_path, "", {"backend.py": backend}))
    assert said.startswith("its build needs Cython<4\n")


def test_an_sdist_that_leaves_its_folder(building: Building, tmp_path: Path) -> None:
    sdist = write_sdist(tmp_path / "tiny-1.0.tar.gz", entry("tiny-1.0/../../../evil", b"x"))
    assert building.error(sdist).startswith("tiny-1.0/../../../evil: leaves the folder")


def test_an_sdist_that_is_cut(building: Building, tmp_path: Path) -> None:
    sdist = project(tmp_path, "return wheel(folder)")
    sdist.write_bytes(sdist.read_bytes()[:-20])
    assert building.error(sdist).startswith("not a whole archive: ")


_HOW = 'supply it to the macro sdist_wheels of\n  //some:target: prebuilt = {"py311_'


def test_a_machine_without_bubblewrap(building: Building, tmp_path: Path) -> None:
    said = building.but(bwrap=str(tmp_path / "none")).error(project(tmp_path, ""))
    assert said.startswith("cannot be built for Python 3.11 on linux/amd64: ")
    assert f"{tmp_path}/none: no such program" in said
    assert "apt-get install bubblewrap" in said
    assert _HOW + 'amd64": "//PACKAGE:NAME.whl"}' in said


def test_a_machine_without_user_namespaces(building: Building, tmp_path: Path) -> None:
    """As bubblewrap ends there, with its own words."""
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    bwrap.chmod(0o755)
    said = building.but(bwrap=str(bwrap)).error(project(tmp_path, ""))
    assert "bubblewrap cannot start a program: bwrap: No permissions to create a new namespace" in said
    assert "user namespaces may be switched off here" in said
    assert _HOW + 'amd64": "//PACKAGE:NAME.whl"}' in said


@pytest.mark.skipif(
    emulation.starts("arm64", probe(find_bwrap())), reason="this machine starts programs for arm64"
)
def test_another_architecture_without_emulation(building: Building, tmp_path: Path) -> None:
    layout = testing.Layout(tmp_path / "arm64")
    layout.finish(layout.image([[testing.file("a")]], architecture="arm64"))
    mine = building.but(layout=layout.path, arch="arm64")
    said = mine.error(project(tmp_path, ""))
    assert said.startswith(
        "cannot be built for Python 3.11 on linux/arm64: this machine starts no programs for linux/arm64\n"
    )
    assert "apt-get install qemu-user" in said
    assert _HOW + 'arm64": "//PACKAGE:NAME.whl"}' in said


def test_an_image_of_another_architecture(building: Building, tmp_path: Path) -> None:
    said = building.but(arch="arm64").error(project(tmp_path, ""))
    assert said.startswith("build_root //some:image is for linux/amd64, the wheel is for Python")
