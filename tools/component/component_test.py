"""The action: what it makes of what Bazel hands it."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.component.__main__ import main
from tools.component.record import Component, dumps, read
from tools.image_run import testing as make
from tools.image_run.layout import open_image
from tools.testing.tiny_wheel import TinyWheel


def described(tmp_path: Path, *arguments: str) -> list[Component]:
    output = tmp_path / "out.component.json"
    main(["--output", str(output), *arguments])
    return read(output)


def test_a_layer_a_wheel_and_an_image_are_told_apart(tmp_path: Path) -> None:
    layer = tmp_path / "app.tar.gz"
    layer.write_bytes(gzip.compress(make.tar([make.file("app/x.py")])))
    wheel = TinyWheel("x").write(tmp_path)
    layout = make.Layout(tmp_path / "image")
    image = open_image(layout.finish(layout.image([[make.file("a")]])))
    found = described(tmp_path, "--name", "app:layer", str(layer), str(wheel), str(image.layout))
    assert [(each.kind, each.name, each.sha256) for each in found] == [
        ("files", "app:layer", hashlib.sha256(layer.read_bytes()).hexdigest()),
        ("wheel", "x", hashlib.sha256(wheel.read_bytes()).hexdigest()),
        ("image", "app:layer", image.digest.removeprefix("sha256:")),
    ]
    assert found[2].arch == image.config.platform.removeprefix("linux/")


def test_an_interpreter_has_a_version_and_the_licence_of_python(tmp_path: Path) -> None:
    layer = tmp_path / "python.tar.gz"
    layer.write_bytes(b"x")
    (found,) = described(tmp_path, "--interpreter", "3.12.11", str(layer))
    assert (found.kind, found.name, found.version, found.license) == (
        "interpreter",
        "python",
        "3.12.11",
        "PSF-2.0",
    )


def test_several_layers_of_one_target_have_names(tmp_path: Path) -> None:
    for name in ("a.tar", "b.tar"):
        (tmp_path / name).write_bytes(name.encode())
    found = described(tmp_path, "--name", "x", str(tmp_path / "a.tar"), str(tmp_path / "b.tar"))
    assert [each.name for each in found] == ["x/a.tar", "x/b.tar"]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    component = Component(
        "deb", "ä", "1", requires=(("a", "b"), ("c",)), provides=("v",), license_refs={"LicenseRef-x": "x"}
    )
    (tmp_path / "x.json").write_text(dumps([component]), encoding="utf-8")
    assert read(tmp_path / "x.json") == [component]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"version": 2, "components": []}', "has components of version 2, not 1"),
        ('{"version": 1, "components": [{"kind": "spell", "name": "x"}]}', "of the kind 'spell'"),
        ('{"version": 1, "components": [{"kind": "deb"}]}', "name"),
        ("{", "is no file of components: it is not JSON"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ToolError, match=problem):
        read(tmp_path / "x.json")
