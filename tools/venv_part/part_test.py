"""Tiny wheels as parts: where their files go, and what is written beside them."""

from __future__ import annotations

import csv
import io
import json
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from tools.elf_scan.elf_writer import Spec, write
from tools.testing.tiny_wheel import TinyWheel
from tools.venv_part.facts import read_facts
from tools.venv_part.libraries import Looker
from tools.venv_part.part import write_part
from tools.venv_part.place import Venv
from tools.venv_part.record import dumps
from tools.venv_part.tiny_part import INFO, NOISE, SITE, VENV, entry_points, make, tiny
from tools.wheel.splice import LEAST, MOST, SMALL, small_size
from tools.wheel.wheel import Wheel


def test_files_are_where_pip_puts_them(tmp_path: Path) -> None:
    made = make(
        tiny(
            tmp_path,
            {
                "tiny/data.bin": NOISE,
                "tiny-1.0.data/purelib/pure.py": b"pure",
                "tiny-1.0.data/platlib/plat.so": b"plat",
                "tiny-1.0.data/scripts/plain": b"#!/bin/sh\n",
                "tiny-1.0.data/headers/tiny.h": b"header",
                "tiny-1.0.data/data/share/tiny/é.txt": b"data",
                f"space/{'n' * 120}/{'m' * 240}/{'m' * 240}": b"long",
            },
        )
    )
    assert {path: data for path, (_, data) in made.files.items() if INFO not in path} == {
        f"{SITE}/tiny.py": b"VERSION, TAGS = '1.0', 'py3-none-any'\n",
        f"{SITE}/tiny/data.bin": NOISE,
        f"{SITE}/pure.py": b"pure",
        f"{SITE}/plat.so": b"plat",
        "opt/app/bin/plain": b"#!/bin/sh\n",
        "opt/app/include/site/python3.11/tiny/tiny.h": b"header",
        "opt/app/share/tiny/é.txt": b"data",
        f"{SITE}/space/{'n' * 120}/{'m' * 240}/{'m' * 240}": b"long",
    }
    assert {path: data for path, (_, data) in made.files.items() if path.endswith("INSTALLER")} == {
        f"{SITE}/{INFO}/INSTALLER": b"pip\n"
    }
    assert not any(path.endswith("REQUESTED") for path in made.files)
    assert {mode for mode, _ in made.files.values()} == {0o644}


def test_record_lists_what_is_installed(tmp_path: Path) -> None:
    files = {"tiny-1.0.data/scripts/run": b"#!python\nrun()\n", "tiny-1.0.data/data/etc/x": b""}
    made = make(tiny(tmp_path, files | entry_points("[console_scripts]\ntool = tiny:main\n")))
    record = made.facts.record
    assert list(record) == sorted(record)
    text = dumps(record)
    assert text.count(b"\r\n") == text.count(b"\n") == len(record)
    assert list(csv.reader(io.StringIO(text.decode()))) == [list(row) for row in record]
    assert [row[0] for row in record] == [
        "../../../bin/run",
        "../../../bin/tool",
        "../../../etc/x",
        *(f"{INFO}/{name}" for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL")),
        f"{INFO}/entry_points.txt",
        "tiny.py",
    ]
    assert (f"{INFO}/RECORD", "", "") in record
    sizes = {row[0]: row[2] for row in record}
    assert sizes["../../../bin/run"] == str(len(made.files["opt/app/bin/run"][1]))


def test_scripts_get_the_environments_interpreter(tmp_path: Path) -> None:
    made = make(
        tiny(
            tmp_path,
            {
                "tiny-1.0.data/scripts/one": b"#!python\nimport tiny\n",
                "tiny-1.0.data/scripts/two": b"#!pythonw -u\r\nimport tiny\n",
                "tiny-1.0.data/scripts/three": b"#!python",
                "tiny-1.0.data/scripts/four": b"#!/usr/bin/python\n",
                "tiny-1.0.data/scripts/five": b"\x7fELF" + NOISE,
                "tiny/not_a_script": b"#!python\n",
            },
        )
    )
    first = b"#!/opt/app/bin/python3.11\n"
    assert {path: data for path, (_, data) in made.files.items() if "bin/" in path or "not_a" in path} == {
        "opt/app/bin/one": first + b"import tiny\n",
        "opt/app/bin/two": first + b"import tiny\n",
        "opt/app/bin/three": first,
        "opt/app/bin/four": b"#!/usr/bin/python\n",
        "opt/app/bin/five": b"\x7fELF" + NOISE,
        f"{SITE}/tiny/not_a_script": b"#!python\n",
    }


def test_entry_points_become_scripts(tmp_path: Path) -> None:
    text = """
        # not this
        [other]
        nothing = to see:here
        [console_scripts]
        tool=tiny.cli:App.main
        with-extra.1 = tiny : run [extra, more]
        [gui_scripts]
        window = tiny:gui
    """
    made = make(
        tiny(
            tmp_path,
            {
                "tiny-1.0.data/scripts/tool": b"old",
                "tiny-1.0.data/scripts/tool-script.py": b"old",
                "tiny-1.0.data/scripts/window.EXE": b"old",
                "tiny-1.0.data/scripts/window.exes": b"other",
                **entry_points(text),
            },
        )
    )
    scripts = {path: found for path, found in made.files.items() if path.startswith("opt/app/bin/")}
    assert scripts["opt/app/bin/tool"] == (
        0o755,
        (
            b"#!/opt/app/bin/python3.11\n"
            b"import sys\n"
            b"from tiny.cli import App\n"
            b"if __name__ == '__main__':\n"
            b"    sys.argv[0] = sys.argv[0].removesuffix('.exe')\n"
            b"    sys.exit(App.main())\n"
        ),
    )
    assert b"from tiny import run\n" in scripts["opt/app/bin/with-extra.1"][1]
    assert b"sys.exit(gui())\n" in scripts["opt/app/bin/window"][1]
    assert scripts.keys() == {
        f"opt/app/bin/{name}" for name in ("tool", "with-extra.1", "window", "window.exes")
    }
    # What a script replaces is listed still, as pip does it.
    assert "tiny-1.0.data/scripts/tool" in [row[0] for row in made.facts.record]


def test_entry_points_of_any_name_that_is_one_of_a_file(tmp_path: Path) -> None:
    text = "[console_scripts]\nc++x = tiny:main\nmy script = tiny:main # a comment\n"
    made = make(tiny(tmp_path, entry_points(text)))
    assert {"opt/app/bin/c++x", "opt/app/bin/my script"} <= made.files.keys()


def test_easy_install_has_the_pythons_version(tmp_path: Path) -> None:
    text = "[console_scripts]\neasy_install = tiny:main\neasy_install-2.7 = tiny:main\n"
    scripts = {
        path.removeprefix("opt/app/bin/")
        for path in make(tiny(tmp_path, entry_points(text))).files
        if "/bin/" in path
    }
    assert scripts == {"easy_install", "easy_install-3.11"}


@pytest.mark.parametrize("python", ["3.9", "3.13"])
def test_pips_own_scripts_have_the_pythons_version(python: str, tmp_path: Path) -> None:
    text = "[console_scripts]\npip = tiny:main\npip3 = tiny:main\npip3.7 = tiny:main\npipe = tiny:main\n"
    made = make(tiny(tmp_path, entry_points(text)), venv=Venv("/opt/app", python))
    scripts = {path.removeprefix("opt/app/bin/") for path in made.files if "/bin/" in path}
    assert scripts == {"pip", "pip3", f"pip{python}", "pipe"}


def test_executable_bits(tmp_path: Path) -> None:
    path = tiny(tmp_path)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        contents = {name: archive.read(name) for name in names}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | (0o4777 if name == "tiny.py" else 0o600)) << 16
            archive.writestr(info, contents[name], zipfile.ZIP_DEFLATED)
    modes = {path.rpartition("/")[2]: mode for path, (mode, _) in make(path).files.items()}
    assert modes.pop("tiny.py") == 0o755
    assert set(modes.values()) == {0o644}


def test_large_files_keep_their_deflate_stream(tmp_path: Path) -> None:
    path = tiny(tmp_path, {"tiny/large": NOISE, "tiny/small": NOISE[:LEAST]})
    with zipfile.ZipFile(path) as archive:
        starts = {name: archive.getinfo(f"tiny/{name}").header_offset + 40 for name in ("large", "small")}
        size = archive.getinfo("tiny/large").compress_size
    data = path.read_bytes()
    raw = make(path).raw
    assert data[starts["large"] : starts["large"] + size] in raw
    assert data[starts["small"] : starts["small"] + LEAST] not in raw


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, LEAST),
        ({"tiny/large": NOISE * 20}, LEAST),
        ({f"tiny/{number}": bytes(number) for number in range(9000, 9100)}, 9099),
        ({f"tiny/{number}": bytes(MOST + number) for number in range(99)}, MOST),
        ({"tiny/large": NOISE * 30} | {f"tiny/{number}": bytes(9000) for number in range(40)}, LEAST),
    ],
)
def test_the_more_large_files_the_fewer_are_compressed_anew(
    files: dict[str, bytes], expected: int, tmp_path: Path
) -> None:
    with Wheel.open(tiny(tmp_path, files)) as wheel:
        assert small_size(wheel) == expected


def test_stored_files_are_compressed(tmp_path: Path) -> None:
    path = TinyWheel("tiny", files={"tiny/zeros": bytes(100 * SMALL)}).write(tmp_path)
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    made = make(path)
    assert made.files[f"{SITE}/tiny/zeros"] == (0o644, bytes(100 * SMALL))
    assert len(made.raw) < 4 * SMALL


def test_a_signed_record_is_kept(tmp_path: Path) -> None:
    path = tiny(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{INFO}/RECORD.jws", b"signed")
    made = make(path)
    assert made.files[f"{SITE}/{INFO}/RECORD.jws"] == (0o644, b"signed")
    assert (f"{INFO}/RECORD.jws", "", "") in made.facts.record


def test_the_same_wheel_gives_the_same_bytes_and_facts(tmp_path: Path) -> None:
    first, again = (make(tiny(tmp_path, {"tiny/data": NOISE})) for _ in range(2))
    assert first.raw == again.raw
    assert first.facts.dumps() == again.facts.dumps()
    (tmp_path / "facts").write_text(first.facts.dumps(), encoding="utf-8")
    assert read_facts(tmp_path / "facts") == first.facts
    assert (first.facts.name, first.facts.version) == ("tiny", "1.0")
    assert make(tiny(tmp_path, requires_python=">=3.9")).facts.requires_python == ">=3.9"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
@pytest.mark.parametrize("padding", [0, 2 * SMALL, 9 << 20])
def test_libraries_are_seen_in_the_same_pass_whatever_their_names(
    padding: int, method: int, tmp_path: Path
) -> None:
    spec = Spec(soname="libtiny.so.1", needed=("libm.so.6",))
    library = write(spec) + NOISE[:padding] + bytes(max(0, padding - len(NOISE)))
    path = tiny(
        tmp_path,
        {
            "tiny/data.bin": library,
            "tiny/broken.so": library[:30],
            "tiny/text": b"ELF",
            "tiny/text.so.1": b"ELF",
        },
    )
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    found = json.loads(make(path).libraries.libraries(path.name).dumps())
    ((where, library_facts),) = found["files"].items()
    assert where == f"/{SITE}/tiny/data.bin"
    assert (library_facts["soname"], library_facts["needed"]) == ("libtiny.so.1", ["libm.so.6"])
    assert library_facts["size"] == len(library)
    assert found["errors"] == {f"/{SITE}/tiny/broken.so": "broken ELF header"}
    assert found["others"] == [f"/{SITE}/tiny/text.so.1"]


def test_memory_is_bounded(tmp_path: Path) -> None:
    path = tiny(tmp_path, {"tiny/zeros": bytes(200 << 20)})
    with (tmp_path / "out").open("wb") as out:
        tracemalloc.start()
        write_part(path, VENV, out, Looker())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 16 << 20
