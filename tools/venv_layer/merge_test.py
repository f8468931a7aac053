"""Parts of tiny wheels that go together, and those that don't."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from tools.common.errors import ToolError
from tools.layer.part import PartWriter
from tools.layer.tar import Entry, Kind
from tools.testing.tiny_wheel import TinyWheel
from tools.venv_layer.__main__ import main
from tools.venv_part.facts import Facts, File, read_facts
from tools.venv_part.libraries import Looker
from tools.venv_part.part import write_part
from tools.venv_part.place import Venv
from tools.wheel.splice import SMALL

VENV = Venv("/usr/share/python3/app", "3.11")
SITE = "usr/share/python3/app/lib/python3.11/site-packages"


class Layer:
    """A layer in the making."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "layer.tar.gz"
        self.arguments: list[str] = []

    def wheel(self, name: str, files: Mapping[str, bytes] | None = None, **fields: str) -> None:
        wheel = TinyWheel(name, files=files or {}, **fields).write(self.folder)
        part = self.folder / f"{len(self.arguments)}.part"
        with part.open("wb") as out:
            facts = write_part(wheel, VENV, out, Looker())
        self.add(facts, part)

    def add(self, facts: Facts, part: Path) -> None:
        path = part.with_suffix(".json")
        path.write_text(facts.dumps(), encoding="utf-8")
        self.arguments += ["--part", str(path), str(part)]

    def write(self) -> dict[str, bytes | None]:
        """Makes the layer; returns the content of its files, by path, and None for folders."""
        main(["--layer", str(self.output), *self.arguments])
        found: dict[str, bytes | None] = {}
        with tarfile.open(self.output) as archive:
            for member in archive:
                assert member.name not in found, "each path is there once"
                parent = member.name.rpartition("/")[0]
                assert parent in found or parent == "usr/share", "folders come before what is in them"
                file = archive.extractfile(member)
                found[member.name] = cast(BinaryIO, file).read() if file else None
                assert member.mode == (0o644 if file else 0o755)
        return found


@pytest.fixture(name="layer")
def _layer(tmp_path: Path) -> Layer:
    return Layer(tmp_path)


def test_parts_become_one_layer(layer: Layer) -> None:
    layer.wheel("zebra", {"space/zebra.py": b"z"})
    layer.wheel("Ant", {"space/ant.py": b"a"})
    found = layer.write()
    assert {path: data for path, data in found.items() if "/space" in path} == {
        f"{SITE}/space": None,
        f"{SITE}/space/ant.py": b"a",
        f"{SITE}/space/zebra.py": b"z",
    }
    assert "usr" not in found
    assert "usr/share" not in found
    assert found["usr/share/python3/app"] is None
    assert list(found).index(f"{SITE}/Ant.py") < list(found).index(f"{SITE}/zebra.py"), "sorted by name"


def test_the_order_of_parts_does_not_matter(layer: Layer) -> None:
    layer.wheel("one")
    layer.wheel("two", {"same": bytes(2 * SMALL)})
    layer.wheel("three", {"same": bytes(2 * SMALL)})
    layer.write()
    first = layer.output.read_bytes()
    layer.arguments = [word for start in (6, 3, 0) for word in layer.arguments[start : start + 3]]
    layer.write()
    assert layer.output.read_bytes() == first


def test_the_same_file_in_two_wheels_is_there_once(layer: Layer) -> None:
    layer.wheel("one", {"space/__init__.py": b"same", "one/large": bytes(2 * SMALL)})
    layer.wheel("two", {"space/__init__.py": b"same", "two/large": bytes(2 * SMALL)})
    found = layer.write()
    assert found[f"{SITE}/space/__init__.py"] == b"same"
    assert found[f"{SITE}/one/large"] == found[f"{SITE}/two/large"] == bytes(2 * SMALL)


def test_of_different_files_that_of_the_last_distribution_by_name_counts(layer: Layer) -> None:
    layer.wheel("zebra", {"space/__init__.py": b"z", "space/large": b"z" * 2 * SMALL})
    layer.wheel("Ant", {"space/__init__.py": b"a", "space/large": b"a" * 2 * SMALL})
    found = layer.write()
    assert found[f"{SITE}/space/__init__.py"] == b"z"
    assert found[f"{SITE}/space/large"] == b"z" * 2 * SMALL


def test_byte_code_is_never_that_of_another_module(layer: Layer, tmp_path: Path) -> None:
    """The module that counts is none for this Python; the other one's byte code would be imported in its
    place.
    """
    layer.wheel("ant", {"space/x.py": b"print('ant')\n"})
    layer.wheel("bee", {"space/x.py": b"print 'bee'\n"})
    path = f"{SITE}/space/__pycache__/x.cpython-311.pyc"
    for number, compiled in ((1, [path]), (4, [])):
        facts = read_facts(Path(layer.arguments[number]))
        code = tmp_path / f"{number}.pyc"
        with code.open("wb") as out, PartWriter(out) as writer:
            for each in compiled:
                writer.add(Entry(each, Kind.FILE, 0o644, size=4), b"code")
        described = {each: File.of(0o644, b"code") for each in compiled}
        Path(layer.arguments[number]).write_text(replace(facts, compiled=described).dumps(), encoding="utf-8")
    layer.arguments = [
        *layer.arguments[:3],
        str(tmp_path / "1.pyc"),
        *layer.arguments[3:],
        str(tmp_path / "4.pyc"),
    ]
    found = layer.write()
    assert found[f"{SITE}/space/x.py"] == b"print 'bee'\n"
    assert path not in found


def test_a_layer_of_more_than_10_gb_is_refused_before_it_is_written(layer: Layer) -> None:
    layer.wheel("small")
    layer.wheel("large")
    with Path(layer.arguments[-1]).open("r+b") as part:
        part.truncate(10_000_000_001)
    with pytest.raises(
        ToolError, match=r"would have 10\.0 GB, .* the largest are large \(10\.0 GB\)"
    ) as caught:
        layer.write()
    assert "layers = {" in str(caught.value)
    assert not layer.output.exists()


def test_byte_code_of_no_module_is_a_part_as_well(layer: Layer) -> None:
    for name in ("one", "two"):
        layer.wheel(name, {"LICENSE": b"same"})
        empty = layer.folder / f"{name}.byte-code"
        empty.touch()
        layer.arguments.append(str(empty))
    assert layer.write()[f"{SITE}/LICENSE"] == b"same"


def test_a_wheel_that_brings_what_installing_writes(layer: Layer) -> None:
    layer.wheel("one", {"one-1.0.dist-info/REQUESTED": b"not empty"})
    layer.arguments[0] = "--requested"
    found = layer.write()
    assert found[f"{SITE}/one-1.0.dist-info/REQUESTED"] == b""
    record = cast(bytes, found[f"{SITE}/one-1.0.dist-info/RECORD"]).decode()
    assert record.count("one-1.0.dist-info/REQUESTED,") == 1
    assert "REQUESTED,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\r\n" in record
