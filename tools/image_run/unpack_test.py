"""Layers applied to a real directory: what must happen, and what must never."""

import os
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.image_run import streams
from tools.image_run import testing as make
from tools.image_run.layout import open_image
from tools.image_run.unpack import can_set_owners, remove_tree, unpack

Layers = tuple[list[make.Entry], ...]


def unpacked(tmp_path: Path, *layers: list[make.Entry] | bytes) -> Path:
    root = tmp_path / "root"
    unpack(open_image(make.single(tmp_path / "layout", *layers)), root)
    return root


def names(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_files_links_and_modes_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        root = unpacked(
            tmp_path,
            [
                make.folder("./", 0o755),
                make.folder("etc", 0o751, mtime=5),
                make.file("etc/a", b"A", 0o664, mtime=7),
                make.file("deep/down/b", b"B"),
                make.hardlink("etc/also-a", "etc/a"),
                make.symlink("etc/link", "/etc/a"),
                make.symlink("dangling", "../../nowhere"),
                make.file("bin/su", b"", 0o4755),
                make.folder("var/tmp", 0o1777),
                make.special("pipe", tarfile.FIFOTYPE),
            ],
        )
    finally:
        os.umask(before)
    assert (root / "etc/also-a").read_bytes() == b"A"
    assert (root / "etc/a").stat().st_nlink == 2
    assert os.readlink(root / "etc/link") == "/etc/a"
    assert os.readlink(root / "dangling") == "../../nowhere"
    modes = {
        "etc": 0o751,
        "etc/a": 0o664,
        "deep": 0o755,
        "deep/down": 0o755,
        "bin/su": 0o4755,
        "var/tmp": 0o1777,
    }
    assert {name: stat.S_IMODE((root / name).stat().st_mode) for name in modes} == modes
    assert [(root / name).stat().st_mtime for name in ("etc", "etc/a")] == [5, 7]
    assert stat.S_ISFIFO((root / "pipe").stat().st_mode)


@pytest.mark.skipif(not can_set_owners(), reason="only root can give files away")
def test_owners_are_kept_by_root(tmp_path: Path) -> None:
    root = unpacked(
        tmp_path, [make.folder("d", uid=5, gid=6), make.file("d/f", mode=0o6755, uid=1000, gid=7)]
    )
    assert [((root / name).stat().st_uid, (root / name).stat().st_gid) for name in ("d", "d/f")] == [
        (5, 6),
        (1000, 7),
    ]
    assert stat.S_IMODE((root / "d/f").stat().st_mode) == 0o6755


@pytest.mark.parametrize(
    ("lower", "upper", "left"),
    [
        pytest.param(
            [make.file("a/x"), make.file("a/y")],
            [make.file("a/.wh.x")],
            ["a", "a/y"],
            id="whiteout of a file",
        ),
        pytest.param(
            [make.file("a/x"), make.file("b")], [make.file(".wh.a")], ["b"], id="whiteout of a folder"
        ),
        pytest.param([make.file("b")], [make.file(".wh.gone")], ["b"], id="whiteout of nothing"),
        pytest.param(
            [make.file("a/x"), make.file("a/d/y")],
            [make.file("a/new"), make.file("a/.wh..wh..opq"), make.file("a/d/z")],
            ["a", "a/d", "a/d/z", "a/new"],
            id="opaque keeps what its own layer has",
        ),
        pytest.param(
            [make.file("a/x", b"old")],
            [make.file("a/x", b"new"), make.file("a/.wh.x")],
            ["a", "a/x"],
            id="whiteout is about lower layers only",
        ),
        pytest.param([make.file("a/x")], [make.file("a")], ["a"], id="file over folder"),
        pytest.param(
            [make.file("a")], [make.folder("a"), make.file("a/x")], ["a", "a/x"], id="folder over file"
        ),
        pytest.param(
            [make.symlink("a", "b"), make.folder("b")],
            [make.folder("a"), make.file("a/x")],
            ["a", "a/x", "b"],
            id="folder over symlink replaces it",
        ),
        pytest.param(
            [make.folder("usr/lib"), make.symlink("lib", "usr/lib")],
            [make.file("lib/x")],
            ["lib", "usr", "usr/lib", "usr/lib/x"],
            id="symlinked parent is followed inside",
        ),
        pytest.param(
            [make.file("a/x")], [make.folder("a", 0o700)], ["a", "a/x"], id="folder over folder merges"
        ),
        pytest.param(
            [make.folder("shut", 0o555), make.file("shut/x")],
            [make.file("shut/y")],
            ["shut", "shut/x", "shut/y"],
            id="folder without write permission",
        ),
    ],
)
def test_a_layer_over_another(
    tmp_path: Path, lower: list[make.Entry], upper: list[make.Entry], left: list[str]
) -> None:
    assert names(unpacked(tmp_path, lower, upper)) == left


def test_gzip_of_many_members_cut_anywhere(tmp_path: Path) -> None:
    layout = make.Layout(tmp_path / "layout")
    content = os.urandom(50_000)
    layout.finish(layout.image([[make.file("a", content), make.file("b")]], compress=make.gzip_members))
    unpack(open_image(layout.path), tmp_path / "root")
    assert (tmp_path / "root/a").read_bytes() == content
    assert names(tmp_path / "root") == ["a", "b"]


def zstd(data: bytes) -> bytes:
    """Two frames, cut without regard to the tar inside."""
    frames = [data[:700], data[700:]]
    return b"".join(
        subprocess.run(["zstd", "-cq"], input=frame, capture_output=True, check=True).stdout
        for frame in frames
    )


# Without the module, which Python has since 3.14, the program is used.
@pytest.mark.parametrize("module", [True, False])
@pytest.mark.parametrize("compress", [bytes, zstd])
def test_other_compressions(
    tmp_path: Path, compress: Callable[[bytes], bytes], module: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not module:
        monkeypatch.setattr(streams, "_MODULE", None)
    layout = make.Layout(tmp_path / "layout")
    layout.finish(layout.image([[make.file("a", b"A" * 999)]], compress=compress))
    unpack(open_image(layout.path), tmp_path / "root")
    assert (tmp_path / "root/a").read_bytes() == b"A" * 999


@pytest.mark.parametrize(
    "escape",
    [
        pytest.param([make.symlink("out", "/"), make.file("out/../../victim/x")], id="dots behind a symlink"),
        pytest.param([make.file("../victim/x")], id="dots"),
        pytest.param([make.file("a/../../victim/x")], id="dots in the middle"),
        pytest.param([make.file("/victim/x")], id="absolute"),
        pytest.param(
            [make.file("victim/kept"), make.hardlink("x", "../victim/kept")], id="hard link by dots"
        ),
        pytest.param([make.file("victim/kept"), make.hardlink("x", "/victim/kept")], id="absolute hard link"),
        pytest.param(
            [make.symlink("out", "../victim"), make.hardlink("x", "out/kept")], id="hard link by symlink"
        ),
        pytest.param([make.file("a/.wh...")], id="whiteout of the parent"),
        pytest.param([make.file(".wh..")], id="whiteout of itself"),
        pytest.param([make.file(".wh.")], id="whiteout without a name"),
    ],
)
def test_no_entry_leaves_the_root(tmp_path: Path, escape: list[make.Entry]) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/kept").write_text("kept")
    with pytest.raises(ToolError, match=r"leaves the root|names nothing|has no file"):
        unpacked(tmp_path, escape)
    assert names(tmp_path / "victim") == ["kept"]
    assert (tmp_path / "victim/kept").stat().st_nlink == 1


@pytest.mark.parametrize("target", ["../victim", "/../victim", "a/../../../victim"])
def test_symlinks_lead_nowhere_else(tmp_path: Path, target: str) -> None:
    (tmp_path / "victim").mkdir()
    link = make.symlink("out", target)
    root = unpacked(tmp_path, [make.folder("a"), link, make.file("out/x")], [make.file("out/.wh..wh..opq")])
    assert names(tmp_path / "victim") == []
    assert (root / "victim").is_dir()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        pytest.param(
            [make.file("a"), make.file("a/b")],
            "'a/b' has no place: /a is not a directory",
            id="file as folder",
        ),
        pytest.param([make.symlink("a", "a"), make.file("a/b")], "too many symlinks", id="symlink loop"),
        pytest.param([make.hardlink("a", "b")], "'a' has no file 'b' to share", id="hard link to nothing"),
        pytest.param([make.special("odd", b"Z")], "unknown type", id="unknown type"),
        pytest.param(b"\1" * 2048, "not a tar archive", id="no tar"),
        pytest.param(
            make.tar([make.file("a", b"x" * 4096)])[:2000], "not a tar archive|ends before", id="cut tar"
        ),
    ],
)
def test_bad_layers(tmp_path: Path, layer: list[make.Entry] | bytes, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        unpacked(tmp_path, layer)


@pytest.mark.parametrize("compress", [make.gzip_members, zstd])
def test_cut_compression(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    layout = make.Layout(tmp_path / "layout")
    layout.finish(layout.image([[make.file("a", b"x" * 4096)]], compress=lambda data: compress(data)[:-20]))
    with pytest.raises(ToolError, match="cannot be decompressed"):
        unpack(open_image(layout.path), tmp_path / "root")


def test_content_that_is_not_what_the_config_says(tmp_path: Path) -> None:
    layout = make.Layout(tmp_path / "layout")
    layout.finish(
        layout.image([[make.file("a")]], compress=lambda data: make.gzip_members(data + bytes(512)))
    )
    with pytest.raises(ToolError, match="layer 1 is not what the config says\nexpected sha256:"):
        unpack(open_image(layout.path), tmp_path / "root")


def test_devices_are_left_out(tmp_path: Path) -> None:
    assert names(unpacked(tmp_path, [make.special("null", tarfile.CHRTYPE), make.file("a")])) == ["a"]


def test_remove_tree_that_forbids_writing(tmp_path: Path) -> None:
    root = unpacked(tmp_path, [make.folder("a", 0o000), make.file("a/b"), make.folder("", 0o555)])
    remove_tree(str(root))
    assert not root.exists()
