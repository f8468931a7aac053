"""The cache of roots: made once, shared, and cleared of what nobody uses."""

import os
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.image_run import testing as make
from tools.image_run.layout import Image, open_image
from tools.image_run.store import cached_root


def _image(tmp_path: Path, name: str) -> Image:
    return open_image(make.single(tmp_path / name, [make.file(name)]))


def _names(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def test_made_once(tmp_path: Path) -> None:
    image = _image(tmp_path, "a")
    with cached_root(image, tmp_path / "cache") as root:
        first = root.stat().st_ino
        assert [path.name for path in root.iterdir()] == ["a"]
    with cached_root(image, tmp_path / "cache") as root:
        assert root.stat().st_ino == first


def test_longest_unused_goes(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    roots = []
    for number, name in enumerate("abc"):
        with cached_root(_image(tmp_path, name), cache, kept=2) as root:
            roots.append(root)
        os.utime(f"{root}.lock", (number, number))
    assert _names(cache) == sorted(root.name for root in roots[1:])
    with cached_root(_image(tmp_path / "again", "a"), cache, kept=2) as root:
        assert root.is_dir()
    assert _names(cache) == sorted((roots[0].name, roots[2].name))


def test_what_is_in_use_stays(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with cached_root(_image(tmp_path, "a"), cache, kept=1) as used:
        os.utime(f"{used}.lock", (0, 0))
        with cached_root(_image(tmp_path, "b"), cache, kept=1):
            pass
        assert (used / "a").exists()


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for name, age in (("old", 0), ("young", None)):
        folder = cache / f".tmp-{name}"
        folder.mkdir(parents=True)
        (folder / "part").write_text("")
        if age is not None:
            os.utime(folder, (age, age))
    with cached_root(_image(tmp_path, "a"), cache) as root:
        assert _names(cache) == [".tmp-young", root.name]


def test_nothing_is_left_of_a_bad_image(tmp_path: Path) -> None:
    image = open_image(make.single(tmp_path / "layout", [make.file("a")], [make.file("../b")]))
    with pytest.raises(ToolError, match="leaves the root"), cached_root(image, tmp_path / "cache"):
        pass
    assert _names(tmp_path / "cache") == []
