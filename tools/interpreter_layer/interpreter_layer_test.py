"""Layers of interpreters: what is in which part, and that nothing but files and policy decides it."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.elf_scan.elf_writer import Spec, write
from tools.interpreter_layer.__main__ import main
from tools.interpreter_layer.policy import read_policy

POLICY = Path(os.environ["POLICY"])
MACHINE = {"amd64": 62, "arm64": 183}
LIBRARY = "lib/libpython3.12.so.1.0"
STDLIB = "lib/python3.12"
SYSCONFIG = f"{STDLIB}/_sysconfigdata__linux_x86_64-linux-gnu.py"


def program(arch: str = "amd64", *needed: str) -> bytes:
    return write(Spec(needed=needed, machine=MACHINE[arch]))


def interpreter(arch: str = "amd64") -> dict[str, bytes]:
    """An interpreter like a published one, with one file of every kind that the policy knows."""
    texts = {
        f"{STDLIB}/LICENSE.txt": "The terms.\n",
        f"{STDLIB}/os.py": "",
        f"{STDLIB}/json/__init__.py": "",
        f"{STDLIB}/json/__pycache__/__init__.cpython-312.pyc": "",
        SYSCONFIG: "build_time_vars = {'prefix': '/install'}\n",
        f"{STDLIB}/config-3.12-x86_64-linux-gnu/Makefile": "prefix=/install\n",
        f"{STDLIB}/ensurepip/__init__.py": "",
        f"{STDLIB}/idlelib/idle.py": "",
        f"{STDLIB}/lib2to3/pgen2/parse.py": "",
        f"{STDLIB}/site-packages/README.txt": "",
        f"{STDLIB}/site-packages/pip/__init__.py": "",
        f"{STDLIB}/site-packages/pip-26.1.dist-info/RECORD": "",
        f"{STDLIB}/site-packages/setuptools/__init__.py": "",
        f"{STDLIB}/test/__init__.py": "",
        f"{STDLIB}/sqlite3/test/test_dbapi.py": "",
        f"{STDLIB}/tkinter/__init__.py": "",
        f"{STDLIB}/turtle.py": "",
        f"{STDLIB}/turtledemo/clock.py": "",
        f"{STDLIB}/unittest/case.py": "",
        "bin/2to3-3.12": "#!/bin/sh\n",
        "bin/idle3.12": "#!/bin/sh\n",
        "bin/pip3.12": "#!/bin/sh\n",
        "bin/pydoc3.12": "#!/bin/sh\n",
        "bin/python3.12-config": '#!/bin/sh\nprefix="/install"\n',
        "include/python3.12/Python.h": "",
        "lib/libpython3.12.a": "!<arch>\n",
        "lib/pkgconfig/python-3.12.pc": "prefix=/install\n",
        "lib/tcl9.0/init.tcl": "",
        "share/man/man1/python3.12.1": "",
        "BUILD.bazel": "",
    }
    dynload = f"{STDLIB}/lib-dynload"
    programs = {
        "bin/python3.12": program(arch),
        LIBRARY: program(arch),
        "lib/libtcl9.0.so": program(arch),
        f"{dynload}/_ssl.cpython-312-x86_64-linux-gnu.so": program(arch),
        f"{dynload}/_testcapi.cpython-312-x86_64-linux-gnu.so": program(arch),
        f"{dynload}/_tkinter.cpython-312-x86_64-linux-gnu.so": program(arch, "libtcl9.0.so"),
    }
    # A link of the archive is a copy where Bazel runs an action elsewhere.
    copies = {"bin/python": programs["bin/python3.12"], "bin/python3": programs["bin/python3.12"]}
    return {path: text.encode() for path, text in texts.items()} | programs | copies


def lay_out(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Writes the files and returns the arguments that name them."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return ["--root", str(folder), *(str(folder / path) for path in sorted(files, reverse=True))]


def options(output: Path, part: str = "runtime", arch: str = "amd64") -> list[str]:
    given = {"arch": arch, "output": output, "part": part, "policy": POLICY, "python": "3.12"}
    return [f"--{name}={value}" for name, value in given.items()]


def make(
    tmp_path: Path, files: Mapping[str, bytes], part: str = "runtime", arch: str = "amd64"
) -> tarfile.TarFile:
    output = tmp_path / f"{part}.tar.gz"
    main([*options(output, part, arch), *lay_out(tmp_path / "interpreter", files)])
    return tarfile.open(output)


def listing(archive: tarfile.TarFile) -> dict[str, str]:
    """Path below /usr/local to link target, or mode; folders left out."""
    return {
        member.name.removeprefix("usr/local/"): member.linkname if member.issym() else f"{member.mode:o}"
        for member in archive
        if not member.isdir()
    }


def text(archive: tarfile.TarFile, path: str) -> str:
    stream = archive.extractfile(f"usr/local/{path}")
    assert stream is not None
    return stream.read().decode()


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_a_program_needs_the_interpreter_and_its_library(arch: str, tmp_path: Path) -> None:
    assert listing(make(tmp_path, interpreter(arch), arch=arch)) == {
        "bin/python3": "python3.12",
        "bin/python3.12": "755",
        f"{STDLIB}/LICENSE.txt": "644",
        SYSCONFIG: "644",
        f"{STDLIB}/json/__init__.py": "644",
        f"{STDLIB}/lib-dynload/_ssl.cpython-312-x86_64-linux-gnu.so": "644",
        f"{STDLIB}/os.py": "644",
        f"{STDLIB}/unittest/case.py": "644",
    }


def test_building_a_package_takes_the_rest(tmp_path: Path) -> None:
    assert listing(make(tmp_path, interpreter(), "dev")) == {
        "bin/2to3-3.12": "755",
        "bin/pip": "pip3.12",
        "bin/pip3": "pip3.12",
        "bin/pip3.12": "755",
        "bin/pydoc3.12": "755",
        "bin/python3-config": "python3.12-config",
        "bin/python3.12-config": "755",
        "include/python3.12/Python.h": "644",
        "lib/libpython3.12.so": "libpython3.12.so.1.0",
        LIBRARY: "644",
        "lib/pkgconfig/python-3.12.pc": "644",
        "lib/pkgconfig/python3.pc": "python-3.12.pc",
        f"{STDLIB}/config-3.12-x86_64-linux-gnu/Makefile": "644",
        f"{STDLIB}/ensurepip/__init__.py": "644",
        f"{STDLIB}/lib2to3/pgen2/parse.py": "644",
        f"{STDLIB}/site-packages/pip-26.1.dist-info/RECORD": "644",
        f"{STDLIB}/site-packages/pip/__init__.py": "644",
    }


def test_a_library_that_the_interpreter_loads_comes_with_it(tmp_path: Path) -> None:
    files = interpreter() | {
        "bin/python3.12": program("amd64", "$ORIGIN/../lib/libpython3.12.so.1.0"),
        LIBRARY: program("amd64", "libdeeper.so.1"),
        "lib/libdeeper.so.1": program(),
    }
    runtime, dev = (listing(make(tmp_path, files, part)) for part in ("runtime", "dev"))
    assert {LIBRARY, "lib/libdeeper.so.1"} <= runtime.keys()
    assert LIBRARY not in dev
    assert dev["lib/libpython3.12.so"] == "libpython3.12.so.1.0"


@pytest.mark.parametrize("part", ["runtime", "dev"])
def test_entries_are_sorted_and_root_s_with_folders_that_debian_lacks(part: str, tmp_path: Path) -> None:
    members = make(tmp_path, interpreter(), part).getmembers()
    names = [member.name for member in members]
    assert names == sorted(names)
    assert {(member.uid, member.gid, member.mtime, member.uname) for member in members} == {(0, 0, 0, "")}
    folders = {member.name: member.mode for member in members if member.isdir()}
    assert f"usr/local/{STDLIB}" in folders
    assert not folders.keys() & {"usr", "usr/local", "usr/local/bin", "usr/local/include", "usr/local/lib"}
    assert set(folders.values()) == {0o755}


@pytest.mark.parametrize("part", ["runtime", "dev"])
def test_modes_and_order_of_the_files_do_not_matter(part: str, tmp_path: Path) -> None:
    make(tmp_path, interpreter(), part).close()
    first = (tmp_path / f"{part}.tar.gz").read_bytes()
    for path in (tmp_path / "interpreter").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            os.utime(path, (7, 7))
    (tmp_path / "interpreter/bin/python3").unlink()
    (tmp_path / "interpreter/bin/python3").symlink_to("python3.12")
    output = tmp_path / "again.tar.gz"
    files = sorted(str(path) for path in (tmp_path / "interpreter").rglob("*") if path.is_file())
    main([*options(output, part), "--root", str(tmp_path / "interpreter"), *files])
    assert output.read_bytes() == first


def test_compilers_are_told_of_the_image_not_of_the_place_of_the_build(tmp_path: Path) -> None:
    files = interpreter()
    words = "'clang -x' 'clang++' 'llvm-ar' '-L/install/lib:/install/x' '/opt/install' 'clang-14'"
    files[SYSCONFIG] = f"'prefix': '/install' {words}".encode()
    assert text(make(tmp_path, files), SYSCONFIG) == (
        "'prefix': '/usr/local' 'cc -x' 'c++' 'ar' '-L/usr/local/lib:/usr/local/x' '/opt/install' 'clang-14'"
    )
    dev = make(tmp_path, files, "dev")
    for path in (
        "bin/python3.12-config",
        "lib/pkgconfig/python-3.12.pc",
        f"{STDLIB}/config-3.12-x86_64-linux-gnu/Makefile",
    ):
        assert "/usr/local" in text(dev, path)
        assert "/install" not in text(dev, path)


@pytest.mark.parametrize(
    ("first", "written"),
    [
        ("#!/install/bin/python3.12", "#!/usr/local/bin/python3.12"),
        ("#!/home/me/bin/python3 -I", "#!/usr/local/bin/python3.12 -I"),
        ("#!/usr/bin/env python3", "#!/usr/bin/env python3"),
        ("#!/bin/sh", "#!/bin/sh"),
    ],
)
def test_programs_name_the_interpreter_of_the_image(first: str, written: str, tmp_path: Path) -> None:
    files = interpreter() | {"bin/pip3.12": f"{first}\nimport pip  # {first}\n".encode()}
    assert text(make(tmp_path, files, "dev"), "bin/pip3.12") == f"{written}\nimport pip  # {first}\n"


def without(*paths: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: {path: content for path, content in files.items() if path not in paths}


def having(path: str, content: bytes) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: files | {path: content}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("bin/python3.12"), r"no program bin/python3\.12\n  The runtime's version says 3\.12"),
        (having("bin/python3.12", b"#!/bin/sh\n"), r"no program bin/python3\.12"),
        (having("bin/python3.12", program("arm64")), r"bin/python3\.12: not for amd64"),
        (having(f"{STDLIB}/lib-dynload/a.so", program("arm64")), r"a\.so: not for amd64"),
        (having(f"{STDLIB}/lib-dynload/a.so", program()[:70]), r"a\.so: the file ends before"),
        (having(SYSCONFIG, b""), r"no prefix in lib/python3\.12/_sysconfigdata\*\.py"),
        (without(f"{STDLIB}/LICENSE.txt"), r"no licence: lib/python3\.12/LICENSE\.txt is missing"),
    ],
)
def test_what_is_no_whole_interpreter_is_one_error_and_no_layer(
    change: Callable[[dict[str, bytes]], dict[str, bytes]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ToolError, match=message):
        make(tmp_path, change(interpreter()))
    assert not (tmp_path / "runtime.tar.gz").exists()


def test_all_files_from_elsewhere_are_named(tmp_path: Path) -> None:
    files = lay_out(tmp_path / "interpreter", interpreter())
    with pytest.raises(ToolError) as caught:
        main([*options(tmp_path / "out"), *files, "/etc/passwd", "other/bin/python3.12"])
    assert str(caught.value).count("is not below the interpreter's folder") == 2


def test_every_entry_of_the_policy_has_a_reason() -> None:
    data = json.loads(POLICY.read_text())
    for entry in [
        *data["rules"],
        *data["links"],
        *data["rewrites"],
        *data["without_debug_information"],
        data["shebang"],
    ]:
        assert len(entry["why"]) > 8, entry


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version 2, not 1"),
        ({"rules": [{"keep": "*", "why": ""}]}, "is not a policy"),
        ({"links": [{"link": "a", "part": "runtime"}]}, "is not a policy"),
        ({"rules": 7}, "is not a policy"),
    ],
)
def test_a_policy_that_cannot_be_read_is_named(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(json.loads(POLICY.read_text()) | change))
    with pytest.raises(ToolError, match=rf"policy\.json: {message}"):
        read_policy(path, "3.12", "/install")
