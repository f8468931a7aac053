"""Packages that a compiler is made of, and those of which it cannot be made."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tools.deb_part.debs import ar, tar
from tools.deb_part.debs import member as entry
from tools.elf_scan.elf_writer import Spec, write

LOADER = "ld-linux-x86-64.so.2"
PROGRAM = write(Spec(interpreter=f"/lib64/{LOADER}", needed=("libm.so.6",)))
LIBRARY = write(Spec(soname="x", needed=()))
LIB = "./usr/lib/x86_64-linux-gnu"
GOOD: dict[str, bytes | str] = {
    "./usr/bin/python3.11": PROGRAM,
    f"{LIB}/{LOADER}": LIBRARY,
    f"{LIB}/libm.so.6": "libm-1.so",
    f"{LIB}/libm-1.so": write(Spec(soname="libm.so.6", needed=("libmore.so.1",))),
    f"{LIB}/libmore.so.1": LIBRARY,
}


def deb(folder: Path, files: dict[str, bytes | str]) -> Path:
    """A package of files, and of links where there is a text."""
    entries = [
        (entry(name, size=len(data)), data)
        if isinstance(data, bytes)
        else (entry(name, tarfile.SYMTYPE, data), b"")
        for name, data in files.items()
    ]
    parts = [("debian-binary", b"2.0\n"), ("control.tar", tar([])), ("data.tar", tar(entries))]
    path = folder / "python.deb"
    path.write_bytes(ar(parts))
    return path


def without(name: str) -> dict[str, bytes | str]:
    return {path: data for path, data in GOOD.items() if not path.endswith(name)}


REMEDY = "\n  Name the packages that the interpreter needs in byte_compiler's `packages`.\n"
BAD: dict[str, tuple[dict[str, bytes | str], str]] = {
    "no interpreter": (without("python3.11"), "no package has usr/bin/python3.11"),
    "no loader": (without(LOADER), f"no package has {LOADER}, which the interpreter needs"),
    "no library": (without("libmore.so.1"), "no package has libmore.so.1, which the interpreter needs"),
    "a link to nothing": (without("libm-1.so"), "no package has libm.so.6, which the interpreter needs"),
    "a link in a circle": (
        GOOD | {f"{LIB}/libm.so.6": "libm-1.so", f"{LIB}/libm-1.so": "libm.so.6"},
        "no package has libm.so.6, which the interpreter needs",
    ),
    "no program": (GOOD | {"./usr/bin/python3.11": b"#!/bin/sh\n"}, "usr/bin/python3.11 is no program: "),
    "a static program": (
        GOOD | {"./usr/bin/python3.11": write(Spec(needed=()))},
        "usr/bin/python3.11 is no program: it names no loader",
    ),
    "no shared object": (GOOD | {f"{LIB}/libmore.so.1": b"INPUT(x)"}, "libmore.so.1 is no library: "),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_a_compiler_is_one_error_and_no_output(case: str, tmp_path: Path) -> None:
    files, message = BAD[case]
    done = run(deb(tmp_path, files), tmp_path / "root")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.endswith(REMEDY)
    assert done.stderr.count("\n") == 2
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("keep", [0, 100, -700])
def test_a_damaged_package_is_named(keep: int, tmp_path: Path) -> None:
    package = deb(tmp_path, GOOD)
    package.write_bytes(package.read_bytes()[:keep])
    done = run(package, tmp_path / "root")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {package}: is ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "root").exists()


def run(package: Path, root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.byte_code", "--python=3.11", f"--root={root}", str(package)]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
