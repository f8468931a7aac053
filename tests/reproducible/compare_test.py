"""The comparison finds every kind of difference and names its place."""

import gzip
from pathlib import Path

import pytest

from tests.reproducible.compare import difference
from tools.image_run import testing as make

_FILES = [make.folder("etc"), make.file("etc/a", b"A"), make.file("etc/b", b"B")]


def _layout(path: Path, *layers: list[make.Entry], level: int = 9, **config: object) -> Path:
    layout = make.Layout(path)
    return layout.finish(
        layout.image(layers, config, compress=lambda data: gzip.compress(data, compresslevel=level, mtime=0))
    )


def test_same(tmp_path: Path) -> None:
    assert difference(_layout(tmp_path / "1", _FILES), _layout(tmp_path / "2", _FILES)) == ""


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (make.file("etc/b", b"C"), "etc/b: content '"),
        (make.file("etc/b", b"B", 0o600), "etc/b: mode '420' and '384'"),
        (make.file("etc/b", b"B", mtime=1), "etc/b: mtime '0' and '1'"),
        (make.file("etc/b", b"B", uid=1), "etc/b: uid '0' and '1'"),
        (make.file("etc/b", b"B", uname="me"), "etc/b: uname '' and 'me'"),
        (make.file("etc/c", b"B"), "etc/b and etc/c: name"),
    ],
)
def test_a_file(tmp_path: Path, entry: make.Entry, message: str) -> None:
    other = [*_FILES[:2], entry]
    found = difference(_layout(tmp_path / "1", _FILES, _FILES), _layout(tmp_path / "2", _FILES, other))
    assert "\nlayer 2: sha256:" in found
    assert found.splitlines()[-1].startswith(message)


def test_a_file_more(tmp_path: Path) -> None:
    found = difference(_layout(tmp_path / "1", _FILES), _layout(tmp_path / "2", _FILES[:2]))
    assert found.splitlines()[-1] == "etc/b: only in one"


def test_a_layer_more(tmp_path: Path) -> None:
    found = difference(_layout(tmp_path / "1", _FILES), _layout(tmp_path / "2", _FILES, []))
    assert found.splitlines()[-1] == "layer 2: only one image has it"


def test_compression(tmp_path: Path) -> None:
    found = difference(_layout(tmp_path / "1", _FILES), _layout(tmp_path / "2", _FILES, level=1))
    assert found.splitlines()[-1].startswith("the same files")


def test_config(tmp_path: Path) -> None:
    found = difference(_layout(tmp_path / "1", _FILES, Cmd=["a"]), _layout(tmp_path / "2", _FILES, Cmd=["b"]))
    assert found.splitlines()[-1] == 'config: "a" and "b"'
