"""Stacked facts against the same layers unpacked: the loader must find the same in both."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.elf_scan import elf, facts
from tools.elf_scan.elf_writer import Spec, write
from tools.elf_scan.facts import Libraries, Library
from tools.elf_scan.loader import Loader
from tools.elf_scan.root import Root
from tools.elf_scan.stacked import StackedLibraries

MULTIARCH = "/usr/lib/x86_64-linux-gnu"
CONTENT = Spec | str | bytes
Layer = dict[str, CONTENT]

# Paths to an ELF file, a link (a text) or a file of other content (bytes); the lowest layer first.
BASE: Layer = {
    "/lib": "usr/lib",
    "/etc/ld.so.conf": b"include /etc/ld.so.conf.d/*.conf\n",
    "/etc/ld.so.conf.d/a.conf": b"/opt/old\n",
    f"{MULTIARCH}/libz.so.1.2": Spec(soname="libz.so.1"),
    f"{MULTIARCH}/libz.so.1": "libz.so.1.2",
    "/opt/old/libold.so.1": Spec(soname="libold.so.1"),
    "/opt/old/libkept.so.1": Spec(soname="libkept.so.1"),
    "/app/main": Spec(needed=("libz.so.1", "libold.so.1", "libkept.so.1", "libnew.so.1")),
}
CASES: dict[str, list[Layer]] = {
    "one layer": [BASE],
    "a file through a link of a folder below": [BASE, {"/lib/libnew.so.1": Spec(soname="libnew.so.1")}],
    "a file that is replaced by another": [BASE, {"/opt/old/libold.so.1": Spec(needed=("libnew.so.1",))}],
    "a file that is hidden by one that is no library": [BASE, {"/opt/old/libold.so.1": b"INPUT ( -lold )"}],
    "a file that is removed": [BASE, {"/opt/old/.wh.libold.so.1": b""}],
    "a folder that is emptied": [
        BASE,
        {"/opt/old/.wh..wh..opq": b"", "/opt/old/libold.so.1": Spec(soname="libold.so.1")},
    ],
    "a folder that is removed": [BASE, {"/opt/.wh.old": b""}],
    "a link that is moved": [
        BASE,
        {"/opt/z/libz.so.2": Spec(soname="libz.so.1"), f"{MULTIARCH}/libz.so.1": "/opt/z/libz.so.2"},
    ],
    "a configuration that is replaced": [
        BASE,
        {
            "/etc/ld.so.conf.d/a.conf": b"/opt/new\n",
            "/opt/new": "old",
            "/opt/old/libnew.so.1": Spec(soname="libnew.so.1"),
        },
    ],
    "links in circles": [BASE, {"/opt/old/libold.so.1": "libloop", "/opt/old/libloop": "libold.so.1"}],
}


def described(layer: Layer) -> Libraries:
    """The facts of a layer, through JSON."""
    files, links, others, conf = {}, {}, [], {}
    for path, content in layer.items():
        if isinstance(content, Spec):
            data = write(content)
            files[path] = Library(len(data), elf.read_stream(io.BytesIO(data)))
        elif isinstance(content, str):
            links[path] = content
        elif "/.wh." not in path:
            others.append(path)
            if path.startswith("/etc/"):
                conf[path] = content.decode()
    whiteouts = tuple(path for path in layer if "/.wh." in path)
    written = Libraries("layer", files, links, tuple(others), whiteouts, conf)
    assert facts.loads(written.dumps(), Path("facts.json")) == written
    return written


def unpack(layer: Layer, root: Path) -> None:
    """What unpacking the layer does to a folder."""
    for path in layer:
        folder, name = os.path.split(path)
        if name == ".wh..wh..opq":
            shutil.rmtree(root / folder.lstrip("/"))
        elif name.startswith(".wh."):
            gone = root / folder.lstrip("/") / name.removeprefix(".wh.")
            shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    for path, content in layer.items():
        file = root / path.lstrip("/")
        if "/.wh." in path:
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink() or file.exists():
            file.unlink()
        if isinstance(content, str):
            file.symlink_to(content)
        else:
            file.write_bytes(write(content) if isinstance(content, Spec) else content)


@pytest.mark.parametrize("layers", CASES.values(), ids=CASES)
def test_the_loader_finds_what_it_finds_in_the_unpacked_layers(layers: list[Layer], tmp_path: Path) -> None:
    for layer in layers:
        unpack(layer, tmp_path)
    found, expected = (
        [
            (edge.needer.real, edge.name, edge.found and (edge.found.path, edge.found.real))
            for edge in Loader(files).load("/app/main")
        ]
        for files in (StackedLibraries(map(described, layers)), Root(str(tmp_path)))
    )
    assert found == expected
    assert len(found) >= 4


def test_every_file_knows_its_layer_and_its_package() -> None:
    library = described(BASE)
    owned = Libraries(
        "below", library.files, library.links, owners={"/lib/x86_64-linux-gnu/libz.so.1": "zlib1g"}
    )
    above = described({"/opt/old/libold.so.1": Spec()})
    stack = StackedLibraries([owned, above])
    assert stack.layer("/opt/old/libold.so.1") is above
    assert stack.layer("/opt/old/libkept.so.1") is owned
    assert stack.owner(f"{MULTIARCH}/libz.so.1.2") is None
    assert stack.owner(f"{MULTIARCH}/libz.so.1.2", f"{MULTIARCH}/libz.so.1") == "zlib1g"
    assert [path for path, _ in stack.files()] == sorted(library.files)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1}', '{"format": 2, "files": {"/a": {"x": 1}}}']
)
def test_what_is_no_such_file_is_refused(text: str) -> None:
    with pytest.raises(ToolError, match=r"facts about libraries|format"):
        facts.loads(text, Path("x.elf.json"))
