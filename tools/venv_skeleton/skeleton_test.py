"""Empty environments of different Pythons. //venv/tests compares them with those of the real venv."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.elf_scan.facts import read
from tools.layer.part import PartWriter, write_layer
from tools.layer.tar import Entry, Kind
from tools.venv_skeleton.__main__ import main

OLD = b"VIRTUAL_ENV=__VENV_DIR__\nPATH=__VENV_BIN_NAME__\nPS1=__VENV_PROMPT__\n"
NEW = b'VIRTUAL_ENV=__VENV_DIR__\nPS1="("__VENV_PROMPT__") "\n'


def python_layer(folder: Path, minor: str, template: bytes) -> Path:
    """A layer with what matters of a Python."""
    scripts = f"usr/lib/python{minor}/venv/scripts"
    files = {
        f"{scripts}/common/activate": template,
        f"{scripts}/posix/activate.csh": b"setenv __VENV_PYTHON__ __VENV_NAME__\n",
        f"{scripts}/nt/activate.bat": b"@echo off\n",
        "usr/lib/python3.0/venv/scripts/common/activate": b"another Python's",
    }
    part = folder / "python.part"
    with part.open("wb") as out, PartWriter(out) as writer:
        for path, data in files.items():
            writer.add(Entry(path, Kind.FILE, 0o644, size=len(data)), data)
    layer = folder / "python.tar.gz"
    with layer.open("wb") as out:
        write_layer([part], out)
    return layer


def make(folder: Path, version: str, layer: Path, home: str = "/usr/bin") -> dict[str, str | bytes]:
    """The content of files and the targets of links in the part, by path in the environment."""
    part, facts = folder / "skeleton.part", folder / "skeleton.json"
    main(
        [
            *("--prefix", "/opt/app", "--version", version, "--home", home),
            *("--python-layer", str(layer), "--part", str(part), "--facts", str(facts)),
            *("--libraries", str(folder / "skeleton.elf.json")),
        ]
    )
    whole = folder / "skeleton.tar.gz"
    with whole.open("wb") as out:
        write_layer([part], out)
    found: dict[str, str | bytes] = {}
    with tarfile.open(whole) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            found[member.name.removeprefix("opt/app/")] = file.read() if file else member.linkname
    return found


def test_an_environment_of_python_3_9(tmp_path: Path) -> None:
    assert make(tmp_path, "3.9.2", python_layer(tmp_path, "3.9", OLD)) == {
        "bin/activate": b"VIRTUAL_ENV=/opt/app\nPATH=bin\nPS1='(app) '\n",
        "bin/activate.csh": b"setenv /opt/app/bin/python3.9 app\n",
        "bin/python": "python3.9",
        "bin/python3": "python3.9",
        "bin/python3.9": "/usr/bin/python3.9",
        "lib64": "lib",
        "pyvenv.cfg": b"home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.9.2\n",
    }


def test_the_loader_is_told_of_links(tmp_path: Path) -> None:
    made = make(tmp_path, "3.9.2", python_layer(tmp_path, "3.9", OLD))
    libraries = read(tmp_path / "skeleton.elf.json")
    assert libraries.links == {
        f"/opt/app/{name}": target for name, target in made.items() if isinstance(target, str)
    }
    assert sorted([*libraries.links, *libraries.others]) == [f"/opt/app/{name}" for name in sorted(made)]


@pytest.mark.parametrize(("version", "git"), [("3.11.2", False), ("3.13.5", True)])
def test_what_later_versions_add(version: str, git: bool, tmp_path: Path) -> None:
    minor = version.rpartition(".")[0]
    made = make(tmp_path, version, python_layer(tmp_path, minor, NEW), "/usr/local/bin")
    assert made["bin/activate"] == b'VIRTUAL_ENV=/opt/app\nPS1="("app") "\n'
    assert (
        made["pyvenv.cfg"]
        == (
            f"home = /usr/local/bin\ninclude-system-site-packages = false\nversion = {version}\n"
            f"executable = /usr/local/bin/python{minor}\n"
            f"command = /usr/local/bin/python{minor} -m venv --without-pip /opt/app\n"
        ).encode()
    )
    assert (".gitignore" in made) == git


def test_a_layer_without_that_python_is_an_error(tmp_path: Path) -> None:
    layer = python_layer(tmp_path, "3.9", OLD)
    with pytest.raises(ToolError, match=r"no templates of virtual environments for Python 3\.11") as caught:
        make(tmp_path, "3.11.2", layer)
    assert str(layer) in str(caught.value)
