"""What is an error in an image's libraries, and in which words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.elf_scan.facts import Libraries
from tools.lib_closure.cases import SITE, library, package, resolved, wheel
from tools.lib_closure.check import Check, check
from tools.lib_closure.closure import Closure
from tools.lib_closure.pkgdeps import PkgDeps, Reason, needed, read_pkgdeps

HOW = Check("//app:train", "elf", "./bazelw run //app:train_pkgdeps")
CV2 = wheel("opencv_python", "4.10", {"cv2/cv2.so": library("libGL.so.1")})
LIBGL = package("libgl1", "1.6.0-1", "libGLX.so.0", file="libGL.so.1")
LIBGLX = package("libglx0", "1.6.0-1", file="libGLX.so.0")
BOTH = {
    "libgl1": Reason(("libGL.so.1",), ("opencv-python",)),
    "libglx0": Reason(("libGLX.so.0",), ("libgl1",)),
}


def refusal(tmp_path: Path, packages: dict[str, Reason] | None, how: Check = HOW, **image: object) -> str:
    """What is said of an image with opencv-python, the packages committed and those added; empty if
    nothing.
    """
    added: tuple[Libraries, ...] = image.get("added", ())  # type: ignore[assignment]
    return said(resolved(CV2, added=added), tmp_path, packages, how)


def said(closure: Closure, tmp_path: Path, packages: dict[str, Reason] | None, how: Check = HOW) -> str:
    """What is said of a closure."""
    path = tmp_path / "train.pkgdeps.json"
    if packages is not None:
        path.write_text(PkgDeps("bookworm", {"amd64": packages, "arm64": {}}).dumps())
    try:
        check(closure, path if packages is not None else None, how)
    except ToolError as error:
        return str(error).replace(f"{path}", "train.pkgdeps.json")
    return ""


def test_what_is_needed_committed_and_there_is_fine(tmp_path: Path) -> None:
    assert refusal(tmp_path, BOTH, added=(LIBGL, LIBGLX)) == ""


def test_packages_that_nobody_listed(tmp_path: Path) -> None:
    assert refusal(tmp_path, None) == (
        "error: //app:train (amd64): there is no list of the packages that the environment needs:\n"
        "    + libgl1: libGL.so.1 for opencv-python\n"
        "  Update it and the lock of the packages: ./bazelw run //app:train_pkgdeps"
    )


def test_many_files_that_lack_the_same_are_one_error_and_hide_no_other(tmp_path: Path) -> None:
    files = {f"pkg/{number:02}.so": library("libnone.so") for number in range(25)}
    closure = resolved(CV2, wheel("pkg", "1.0", files))
    text = said(closure, tmp_path, None)
    assert text.count("error: ") == 2
    first, second = text.removeprefix("error: ").split("\nerror: ")
    lines = first.splitlines()
    assert lines[0] == "//app:train (amd64):"
    assert lines[1].startswith("    pkg 1.0: ")
    assert lines[1].endswith("/pkg/00.so NEEDED libnone.so: nothing has it")
    assert lines[21] == "    ... and 5 more"
    assert lines[22].startswith("  If pkg can do without the file, ")
    assert "+ libgl1: libGL.so.1 for opencv-python" in second


def test_a_list_that_has_become_wrong(tmp_path: Path) -> None:
    old = BOTH | {"libgomp1": Reason(("libgomp.so.1",), ("lightgbm",))}
    old["libgl1"] = Reason(("libGL.so.1",), ("vtk",))
    del old["libglx0"]
    assert refusal(tmp_path, old, added=(LIBGL, LIBGLX)) == (
        "error: //app:train (amd64): train.pkgdeps.json is not the list of "
        "the packages that the environment needs:\n"
        "    ~ libgl1: libGL.so.1 for opencv-python (was libGL.so.1 for vtk)\n"
        "    + libglx0: libGLX.so.0 for libgl1\n"
        "    - libgomp1: libgomp.so.1 for lightgbm\n"
        "  Update it and the lock of the packages: ./bazelw run //app:train_pkgdeps"
    )


def test_packages_that_are_listed_and_not_there(tmp_path: Path) -> None:
    only = {"libgl1": BOTH["libgl1"]}
    text = refusal(tmp_path, only)
    assert "the image lacks libgl1, which train.pkgdeps.json lists" in text
    assert "./bazelw run //app:train_pkgdeps" in text


@pytest.mark.parametrize(
    ("kind", "text"), [("elf", "nothing in the environment needs libidle1"), ("apt", "")]
)
def test_packages_that_are_there_for_nothing(kind: str, text: str, tmp_path: Path) -> None:
    idle = package("libidle1", "1.0", file="libidle.so.1")
    how = Check(HOW.name, kind, HOW.update)
    found = refusal(tmp_path, BOTH, how, added=(LIBGL, LIBGLX, idle))
    assert text in found
    assert bool(found) == bool(text)


def test_problems_of_the_closure_are_told_all_at_once(tmp_path: Path) -> None:
    broken = wheel("pkg", "1.0", {"pkg/a.so": library("libone.so.1"), "pkg/b.so": library("libtwo.so.2")})
    text = said(resolved(broken), tmp_path, None)
    assert text.startswith("error: //app:train (amd64):\n    pkg 1.0: ")
    assert "libone.so.1: nothing has it\n    pkg 1.0: " in text
    assert "libtwo.so.2: nothing has it\n  If pkg can do without the file" in text


def test_a_library_that_is_broken_is_a_problem_unless_nothing_loads_it(tmp_path: Path) -> None:
    files = [f"{SITE}/{path}" for path in ("pkg/cut.so", "pkg/data.bin")]
    numba = replace(wheel("numba", "0.60", {}), errors={f"{SITE}/numba/pool/tbb.so": "cut off"})
    pkg = replace(wheel("pkg", "1.0", {}), errors=dict.fromkeys(files, "the ELF header is cut off"))
    closure = resolved(numba, pkg)
    assert said(closure, tmp_path, None) == (
        f"error: //app:train (amd64): pkg 1.0: {files[0]} has the name of a library and cannot be loaded: "
        "the ELF header is cut off\n"
        "  Lock another release of pkg; if nothing loads the file, name it under `plugins` "
        "in a file of hints for the target."
    )
    assert set(closure.broken) == {*files, f"{SITE}/numba/pool/tbb.so"}


@pytest.mark.parametrize("file", ["libgomp.so.1", "libx.so"])
def test_what_is_in_the_way_of_a_library_is_named(file: str, tmp_path: Path) -> None:
    pkg = wheel("pkg", "1.0", {"pkg/ext.so": library(file, runpath="$ORIGIN")})
    text = said(resolved(replace(pkg, others=(f"{SITE}/pkg/{file}",))), tmp_path, None)
    assert f"NEEDED {file}: {SITE}/pkg/{file} has that name and cannot be loaded\n" in text
    assert "+ lib" not in text


@pytest.mark.parametrize("duplicates", [False, True])
def test_duplicates_are_errors_when_they_are_said_to_be(duplicates: bool, tmp_path: Path) -> None:
    wheels = [
        wheel(name, "1.0", {f"{name}/libx.so.1": library(soname="libx.so.1", size=50)}) for name in ("a", "b")
    ]
    text = said(resolved(*wheels), tmp_path, None, Check(HOW.name, "elf", HOW.update, duplicates))
    assert bool(text) == duplicates
    if duplicates:
        assert "libx.so.1 is there 2 times, 50 bytes too many" in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"version": 1}',
        '{"version": 2, "suite": "x", "packages": {}}',
        '{"version": 1, "pack',
        '{"version": 1, "suite": "x", "packages": {"amd64": {"libgl1": {"by": [7], "sonames": []}}}}',
        '{"version": 1, "suite": "x", "packages": {"amd64": {"libgl1": {"by": "cv2", "sonames": []}}}}',
    ],
)
def test_a_list_that_is_none_is_named_with_the_command(text: str, tmp_path: Path) -> None:
    path = tmp_path / "train.pkgdeps.json"
    path.write_text(text)
    with pytest.raises(ToolError, match=r"train\.pkgdeps\.json: .*\n  Write it anew: ./bazelw run") as raised:
        check(resolved(CV2), path, HOW)
    assert raised.value.file == str(path)


def test_a_list_with_a_merge_conflict_is_called_that(tmp_path: Path) -> None:
    path = tmp_path / "train.pkgdeps.json"
    path.write_text(f"<<<<<<< HEAD\n{PkgDeps('bookworm', {}).dumps()}")
    with pytest.raises(ToolError, match=r"it is not JSON .*; it may .* have a merge conflict"):
        read_pkgdeps(path, "")


def test_the_list_reads_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "train.pkgdeps.json"
    both = PkgDeps("bookworm", {"amd64": BOTH, "arm64": {}})
    path.write_text(both.dumps())
    assert read_pkgdeps(path, "") == both
    assert path.read_text() == both.dumps()
    assert '      "libgl1": {"by": ["opencv-python"], "sonames": ["libGL.so.1"]},\n' in both.dumps()
    assert needed(resolved(CV2, added=(LIBGL, LIBGLX))) == BOTH
