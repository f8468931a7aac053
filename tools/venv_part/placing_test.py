"""Tiny wheels whose files cannot go anywhere, or are others than RECORD says, are refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.venv_part.libraries import Looker
from tools.venv_part.part import write_part
from tools.venv_part.tiny_part import INFO, NOISE, VENV, entry_points, tiny
from tools.wheel.wheel_writer import record_line

BAD: dict[str, tuple[dict[str, bytes], str]] = {
    "a scheme that there isn't": (
        {"tiny-1.0.data/stdlib/x": b""},
        "tiny-1.0.data/stdlib/x: wheels have no such",
    ),
    "a file without scheme": ({"tiny-1.0.data/x": b""}, "tiny-1.0.data/x: wheels have no such place"),
    "two files for one path": ({"tiny-1.0.data/purelib/tiny.py": b""}, "as .*tiny.py does"),
    "a file and a folder": ({"tiny.py/x": b""}, "tiny.py/x: lies below tiny.py, which is a file"),
    "a file below a script": (
        {"tiny-1.0.data/scripts/run/x": b"", **entry_points("[console_scripts]\nrun = tiny:main\n")},
        "run/x: lies below /opt/app/bin/run",
    ),
    "a wheel of the future": ({f"{INFO}/WHEEL": b"Wheel-Version: 2.0\n"}, "WHEEL: Wheel-Version is '2.0'"),
    "a name with a slash": (entry_points("[console_scripts]\n../x = tiny:main\n"), "the name '../x' is not"),
    "a name that removes": (entry_points("[gui_scripts]\n.wh.x = tiny:main\n"), "the name '.wh.x' is not"),
    "a name that is too long": (
        entry_points(f"[gui_scripts]\n{'x' * 256} = tiny:main\n"),
        "the name 'xxxxxxxxxxxxxxxxxxxx'... has more than 255 bytes",
    ),
    "a file that removes": ({"tiny/.wh.data": b""}, "tiny/.wh.data: has a name that removes files"),
    "a folder that removes": ({"tiny/.wh..wh..opq/x": b""}, "opq/x: has a name that removes files"),
    "a name that no file system holds": ({f"tiny/{'é' * 128}": b""}, "has a name of more than 255 bytes"),
    "no function": (
        entry_points("[console_scripts]\nrun = tiny\n"),
        "run is 'tiny', which is not module:func",
    ),
    "code": (entry_points("[console_scripts]\nrun = tiny:main() or x\n"), "which is not module:function"),
    "a keyword": (entry_points("[console_scripts]\nrun = tiny:import\n"), "which is not module:function"),
    "a line without value": (entry_points("[console_scripts]\nrun\n"), "run is '', which is not"),
    "a path that leaves": ({"../x": b""}, "leaves the folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_wheels_that_are_refused(case: str, tmp_path: Path) -> None:
    files, message = BAD[case]
    path = tiny(tmp_path, files)
    if f"{INFO}/WHEEL" in files:
        path = _replaced(path, files)
    with pytest.raises(ToolError, match=message) as caught:
        write_part(path, VENV, io.BytesIO(), Looker())
    assert f"error: {path}: " in str(caught.value)
    assert caught.value.remedy


def _replaced(path: Path, files: Mapping[str, bytes]) -> Path:
    """The wheel with other content for files that a TinyWheel writes itself, and a RECORD that agrees."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()} | dict(files)
    folder = path.parent / "replaced"
    folder.mkdir()
    contents[f"{INFO}/RECORD"] = "".join(
        record_line(name, data) for name, data in contents.items() if not name.endswith("RECORD")
    ).encode()
    with zipfile.ZipFile(folder / path.name, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return folder / path.name


@pytest.mark.parametrize("member", ["tiny.py", "tiny/large", "tiny-1.0.data/scripts/run", f"{INFO}/METADATA"])
def test_what_differs_from_record_is_refused_wherever_it_goes(member: str, tmp_path: Path) -> None:
    path = tiny(
        tmp_path,
        {
            "tiny/large": NOISE,
            "tiny-1.0.data/scripts/run": b"#!python\n",
            **entry_points("[console_scripts]\nrun = tiny:main\n"),
        },
    )
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents[member] = contents[member][:-1] + b"?"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    with pytest.raises(ToolError, match="its sha256 differs from the one in RECORD"):
        write_part(path, VENV, io.BytesIO(), Looker())
