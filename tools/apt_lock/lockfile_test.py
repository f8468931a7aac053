"""Files that are written together are all new, or all as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.apt_lock.lockfile import write_together


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_all_are_new(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("old")
    one.chmod(0o600)
    write_together({one: "1", two: "2"})
    assert (one.read_text(), two.read_text()) == ("1", "2")
    assert names(tmp_path) == ["one", "two"]


@pytest.mark.parametrize("old", ["old", None])
def test_what_was_replaced_is_put_back_when_the_next_cannot_be(tmp_path: Path, old: str | None) -> None:
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    three.mkdir()
    if old is not None:
        one.write_text(old)
    before = names(tmp_path)
    with pytest.raises(IsADirectoryError) as caught:
        write_together({one: "1", two: "2", three: "3"})
    assert caught.value.filename2 == str(three)
    assert names(tmp_path) == before
    assert old is None or one.read_text() == old


def test_nothing_is_replaced_before_all_have_room(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "gone/two"
    one.write_text("old")
    with pytest.raises(FileNotFoundError):
        write_together({one: "1", two: "2"})
    assert one.read_text() == "old"
    assert names(tmp_path) == ["one"]
