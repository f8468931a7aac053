"""Which files find-libdeps looks at, and what it does about those that it can't read."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.elf_scan import elf
from tools.elf_scan.elf_writer import Spec, write
from tools.elf_scan.find_libdeps import main

COMMAND = os.environ.get("FIND_LIBDEPS", "")


def put(root: Path, path: str, *needed: str) -> None:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(write(Spec(needed=needed)))


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """A root with two packages of one library each."""
    root = tmp_path / "root"
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    for package, library in ("zlib1g", "libz.so.1"), ("libgl1", "libGL.so.1"):
        put(root, f"/usr/lib/{library}")
        (root / f"var/lib/dpkg/info/{package}.list").write_text(f"/usr/lib/{library}\n")
    return root


def run(root: Path, capsys: pytest.CaptureFixture[str], folder: str) -> tuple[int, list[str], list[str]]:
    code = main(["--root", str(root), folder])
    told = capsys.readouterr()
    return code, told.out.splitlines(), told.err.splitlines()


def test_what_goes_away_meanwhile_is_passed_over(
    debian: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the first file is read, the next one, a folder and the content of a third file go."""
    for name in ("a.so", "b.so", "c/c.so", "d.so", "e.so"):
        put(debian, f"/app/{name}", "libz.so.1")
    put(debian, "/app/e.so", "libGL.so.1")
    read_path, lstat = elf.read_path, os.lstat

    def read_path_and_remove(path: str) -> elf.Elf:
        if path.endswith("/app/a.so"):
            (debian / "app/b.so").unlink(missing_ok=True)
            shutil.rmtree(debian / "app/c", ignore_errors=True)
        return read_path(path)

    def lstat_and_remove(path: str, **more: Any) -> os.stat_result:
        found = lstat(path, **more)
        if str(path).endswith("/app/d.so"):
            os.unlink(path)
        return found

    monkeypatch.setattr(elf, "read_path", read_path_and_remove)
    monkeypatch.setattr(os, "lstat", lstat_and_remove)
    code, out, err = run(debian, capsys, "/app")
    assert (code, out) == (0, ["libgl1", "zlib1g"])
    assert err == [
        f"find-libdeps: /app/{name}: cannot be read: No such file or directory"
        for name in ("b.so", "c", "d.so")
    ]


def test_what_may_not_be_read_is_passed_over(
    debian: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's answer is made up, for root may read everything."""
    for name in ("a.so", "b/b.so", "c.so"):
        put(debian, f"/app/{name}", "libz.so.1")
    monkeypatch.setattr(os, "open", forbidding(os.open, "/app/a.so"))
    monkeypatch.setattr(os, "listdir", forbidding(os.listdir, "/app/b"))
    code, out, err = run(debian, capsys, "/app")
    assert (code, out) == (0, ["zlib1g"])
    assert err == [f"find-libdeps: /app/{name}: cannot be read: Permission denied" for name in ("a.so", "b")]


def forbidding(function: Callable[..., Any], forbidden: str) -> Callable[..., Any]:
    """The function of `os`, which one path is closed to."""

    def asked(path: str, *more: Any) -> Any:
        if str(path).endswith(forbidden):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return function(path, *more)

    return asked


def test_the_kernels_folders_are_left_out_unless_named(
    debian: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = "find-libdeps: libgone.so: not found, needed by"
    for folder in ("proc/1", "sys", "dev/shm", "app/proc"):
        put(debian, f"/{folder}/broken.so", "libgone.so")
    assert run(debian, capsys, "/") == (0, [], [f"{lost} /app/proc/broken.so"])
    assert run(debian, capsys, "/dev/shm") == (0, [], [f"{lost} /dev/shm/broken.so"])


@pytest.mark.skipif(not COMMAND or not Path("/var/lib/dpkg/info").is_dir(), reason="no Debian system here")
def test_a_real_folder_of_the_kernel_can_be_looked_through() -> None:
    """The command's own: the descriptors that it lists the folders with are gone when it looks at them."""
    command = ["/bin/sh", str(Path(COMMAND).resolve()), "/proc/self/fdinfo", "/proc/self", "/bin/sh"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "libc6\n"), done.stderr
    assert re.search(r"^find-libdeps: /proc/\d+/fdinfo/\d+: cannot be read: No such file", done.stderr)
    assert "not readable as ELF" not in done.stderr
