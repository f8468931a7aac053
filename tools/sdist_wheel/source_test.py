"""Source distributions that are whole, and each way in which one may not be."""

from __future__ import annotations

import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.sdist_wheel.sdist_writer import entry, write_sdist
from tools.sdist_wheel.source import BuildSystem, build_system, missing, unpack

_TIME = 315532800


def test_a_project_is_unpacked_whatever_the_umask(tmp_path: Path) -> None:
    sdist = write_sdist(
        tmp_path / "some-pkg-1.0.tar.gz",
        entry("some-pkg-1.0", type=tarfile.DIRTYPE, mode=0o700),
        entry("some-pkg-1.0/configure", b"#!/bin/sh", mode=0o700),
        entry("some-pkg-1.0/src/a.c", b"int a;", mode=0o666),
        entry("some-pkg-1.0/src/b.c", type=tarfile.SYMTYPE, linkname="../src/a.c"),
        entry("some-pkg-1.0/c.c", type=tarfile.LNKTYPE, linkname="some-pkg-1.0/src/a.c"),
    )
    before = os.umask(0o077)
    try:
        (tmp_path / "out").mkdir()
        project = unpack(sdist, tmp_path / "out", _TIME)
    finally:
        os.umask(before)
    assert project == tmp_path / "out/some-pkg-1.0"
    assert (project / "src/b.c").read_text() == (project / "c.c").read_text() == "int a;"
    assert [(project / name).stat().st_mode & 0o777 for name in ("configure", "src/a.c")] == [0o755, 0o644]
    assert {path.lstat().st_mtime for path in (project, *project.rglob("*"))} == {_TIME}


def test_a_zip_is_an_sdist_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "old-1.0.zip", "w") as archive:
        archive.writestr("old-1.0/setup.py", "setup()")
    (tmp_path / "out").mkdir()
    assert (unpack(tmp_path / "old-1.0.zip", tmp_path / "out", _TIME) / "setup.py").read_text() == "setup()"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([entry("../evil")], r"\.\./evil: leaves the folder"),
        ([entry("p-1/../../evil")], r"p-1/\.\./\.\./evil: leaves the folder"),
        ([entry("/etc/evil")], "/etc/evil: leaves the folder"),
        ([entry("p-1\\evil")], "leaves the folder"),
        (
            [entry("p-1/out", type=tarfile.SYMTYPE, linkname="../..")],
            "p-1/out: is a link to .*outside of the project",
        ),
        (
            [entry("p-1/out", type=tarfile.SYMTYPE, linkname="/etc")],
            "p-1/out: is a link to /etc, which is outside",
        ),
        (
            [entry("p-1/in", type=tarfile.SYMTYPE, linkname="sub"), entry("p-1/in/file")],
            "p-1/in/file: is below p-1/in, which is no folder",
        ),
        ([entry("p-1/file"), entry("p-1/file/x")], "p-1/file/x: is below p-1/file, which is no folder"),
        ([entry("p-1/h", type=tarfile.LNKTYPE, linkname="../../etc/passwd")], "leaves the folder"),
        (
            [entry("p-1/h", type=tarfile.LNKTYPE, linkname="p-1/none")],
            "p-1/h: is a link to p-1/none, which is not there",
        ),
        ([entry("p-1/dev", type=tarfile.CHRTYPE)], "p-1/dev: is neither a file, a folder nor a link"),
        ([entry("p-1/fifo", type=tarfile.FIFOTYPE)], "p-1/fifo: is neither a file, a folder nor a link"),
        ([entry("setup.py")], "setup.py: is in no folder NAME-VERSION"),
        ([entry("p-1/a"), entry("q-1/a")], "an sdist has one folder, NAME-VERSION; this has p-1, q-1"),
        ([], "an sdist has one folder, NAME-VERSION; this has nothing"),
    ],
)
def test_what_leaves_its_folder_is_refused(
    members: list[tuple[tarfile.TarInfo, bytes]], message: str, tmp_path: Path
) -> None:
    sdist = write_sdist(tmp_path / "p-1.tar.gz", *members)
    (tmp_path / "out").mkdir()
    with pytest.raises(ToolError, match=message) as caught:
        unpack(sdist, tmp_path / "out", _TIME)
    assert str(caught.value).startswith(f"error: {sdist}: ")
    assert "Fetch it again" in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "p-1.tar.gz"]


@pytest.mark.parametrize("keep", [0, 1, 10, 200, -1, -9, -40])
def test_a_cut_sdist(keep: int, tmp_path: Path) -> None:
    sdist = write_sdist(
        tmp_path / "p-1.tar.gz", entry("p-1/a", os.urandom(3000)), entry("p-1/b", b"b" * 30000)
    )
    sdist.write_bytes(sdist.read_bytes()[:keep])
    (tmp_path / "out").mkdir()
    with pytest.raises(ToolError, match="not a whole archive"):
        unpack(sdist, tmp_path / "out", _TIME)


def test_a_damaged_sdist(tmp_path: Path) -> None:
    sdist = write_sdist(tmp_path / "p-1.tar.gz", entry("p-1/a", os.urandom(3000)))
    data = bytearray(sdist.read_bytes())
    data[1500] ^= 1
    sdist.write_bytes(data)
    (tmp_path / "out").mkdir()
    with pytest.raises(ToolError, match="not a whole archive"):
        unpack(sdist, tmp_path / "out", _TIME)


_TABLE = '[build-system]\nrequires = ["flit_core >=3.2,<4"]\nbuild-backend = "flit_core.buildapi"\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"setup.py": ""}, BuildSystem()),
        ({"pyproject.toml": "[tool.x]\n"}, BuildSystem()),
        ({"pyproject.toml": _TABLE}, BuildSystem("flit_core.buildapi", (), ("flit_core >=3.2,<4",))),
        (
            {"pyproject.toml": '[build-system]\nbuild-backend="a.b:c.d"\nbackend-path=["sub"]\n'},
            BuildSystem("a.b:c.d", ("sub",), ()),
        ),
        ({"README": ""}, "has neither pyproject.toml nor setup.py"),
        ({"pyproject.toml": "[build-system\n"}, "pyproject.toml: cannot be understood"),
        ({"pyproject.toml": "build-system = 3\n"}, "pyproject.toml: cannot be understood"),
        ({"pyproject.toml": "[build-system]\nrequires = 'x'\n"}, "requires is 'x', not a list of strings"),
        ({"pyproject.toml": "[build-system]\nbuild-backend = 'os; x'\n"}, "build-backend is 'os; x'"),
        (
            {"pyproject.toml": "[build-system]\nbackend-path = ['../x']\n"},
            "backend-path ../x leaves the project",
        ),
    ],
)
def test_the_build_system(files: dict[str, str], expected: BuildSystem | str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    if isinstance(expected, BuildSystem):
        assert build_system(Path("p-1.tar.gz"), tmp_path) == expected
    else:
        with pytest.raises(ToolError, match=expected.replace(".", r"\.")) as caught:
            build_system(Path("p-1.tar.gz"), tmp_path)
        assert "ock another version" in str(caught.value) or "ock a version" in str(caught.value)


def test_what_is_required_and_not_given() -> None:
    requires = ["setuptools>=61", "Cython", "my.pkg[x] ~= 1.0", 'tomli; python_version < "3.11"', "flit-core"]
    assert missing(requires, ["setuptools", "flit_core"]) == ["Cython", "my.pkg[x] ~= 1.0"]
    assert missing(requires, ["setuptools", "cython", "my_pkg", "flit_core"]) == []
