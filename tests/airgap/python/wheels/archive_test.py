"""Wheels that are damaged or want out of their folder are refused; whole ones are laid out as upstream."""

import stat
import zipfile
from pathlib import Path

import pytest
from wheels import archive

from tools.testing.tiny_wheel import TinyWheel


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_layout(tmp_path: Path) -> None:
    wheel = TinyWheel(
        "app",
        files={
            "app/mod.py": b"",
            "app/BUILD.bazel": b"",
            "app/old.pyc": b"",
            "app-1.0.data/purelib/pure.py": b"",
            "app-1.0.data/scripts/tool": b"#!python\n",
            "app-1.0.data/headers/app.h": b"",
            "app-1.0.data/data/share/x": b"",
        },
    ).write(tmp_path)
    out = tmp_path / "out"
    archive.unpack(wheel, out)
    assert _files(out) == [
        "bin/tool",
        "data/share/x",
        "include/app.h",
        "site-packages/app-1.0.dist-info/METADATA",
        "site-packages/app-1.0.dist-info/RECORD",
        "site-packages/app-1.0.dist-info/WHEEL",
        "site-packages/app.py",
        "site-packages/app/mod.py",
        "site-packages/pure.py",
    ]
    assert stat.S_IMODE((out / "bin/tool").stat().st_mode) == 0o755
    assert stat.S_IMODE((out / "site-packages/app.py").stat().st_mode) == 0o644


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "app/../../evil.py",
        "/etc/evil",
        "app\\..\\evil",
        "C:/evil",
        "app/..",
        "..",
        "app/\0/../x",
    ],
)
def test_members_that_leave_the_root_are_refused(tmp_path: Path, name: str) -> None:
    wheel = TinyWheel("app", files={name.replace("\0", "N"): b"x"}).write(tmp_path)
    if "\0" in name:
        wheel.write_bytes(wheel.read_bytes().replace(b"app/N/", b"app/\0/"))
    out = tmp_path / "out"
    with pytest.raises(archive.InvalidWheel, match="leaves the wheel's root"):
        archive.unpack(wheel, out)
    assert not out.exists()
    with pytest.raises(archive.InvalidWheel, match="leaves the wheel's root"):
        archive.metadata(wheel)


def test_symbolic_links_are_refused(tmp_path: Path) -> None:
    wheel = TinyWheel("app").write(tmp_path)
    with zipfile.ZipFile(wheel, "a") as file:
        link = zipfile.ZipInfo("app/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    with pytest.raises(archive.InvalidWheel, match="symbolic link"):
        archive.unpack(wheel, tmp_path / "out")


@pytest.mark.parametrize("kept", [0, 10, -300, -1])
def test_truncated_wheels_are_refused(tmp_path: Path, kept: int) -> None:
    wheel = TinyWheel("app").write(tmp_path)
    wheel.write_bytes(wheel.read_bytes()[:kept])
    with pytest.raises(archive.InvalidWheel, match="truncated"):
        archive.unpack(wheel, tmp_path / "out")


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    wheel = TinyWheel("app", files={"app/data.bin": bytes(range(256)) * 8}).write(tmp_path)
    data = bytearray(wheel.read_bytes())
    place = data.index(b"app/data.bin") + 60
    data[place] ^= 0xFF
    wheel.write_bytes(data)
    with pytest.raises(archive.InvalidWheel, match="damaged"):
        archive.unpack(wheel, tmp_path / "out")


def test_a_zip_without_metadata_is_no_wheel(tmp_path: Path) -> None:
    wheel = tmp_path / "app-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("app.py", "")
    with pytest.raises(archive.InvalidWheel, match="no METADATA"):
        archive.metadata(wheel)


def test_modules_are_compiled_once_and_for_all(tmp_path: Path) -> None:
    files = {"app/mod.py": b"X = 1\n", "app/template.py": b"{% not python %}\n"}
    wheel = TinyWheel("app", files=files).write(tmp_path)
    contents = []
    for name in ("one", "two"):
        out = tmp_path / name
        archive.unpack(wheel, out)
        archive.compile_all(out)
        compiled = sorted((out / "site-packages").rglob("*.pyc"))
        assert [path.name.partition(".")[0] for path in compiled] == ["app", "mod"]
        contents.append([path.read_bytes() for path in compiled])
    assert contents[0] == contents[1]
    assert all(data[4:8] == b"\1\0\0\0" for data in contents[0]), (
        "the source is looked at again on each import"
    )
