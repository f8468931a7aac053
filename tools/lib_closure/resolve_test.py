"""Every status that an edge can have, and what follows from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.elf_scan.facts import Libraries
from tools.lib_closure import closure as c
from tools.lib_closure.cases import BASE, MULTIARCH, SITE, library, package, resolved, wheel

LIBGL = package("libgl1", "1.6.0-1", "libGLX.so.0", "libc.so.6", file="libGL.so.1")
LIBGLX = package("libglx0", "1.6.0-1", "libc.so.6", file="libGLX.so.0")

# What a file needs, the wheels, and the edge: status, where it was found, who has it.
CASES: dict[str, tuple[str, list[Libraries], tuple[str, str | None, str | None]]] = {
    "in the same wheel": (
        "libown.so.1",
        [
            wheel(
                "pkg",
                "1.0",
                {
                    "pkg/ext.so": library("libown.so.1", runpath="$ORIGIN/../pkg.libs"),
                    "pkg.libs/libown.so.1": library(),
                },
            )
        ],
        (c.WHEEL, f"{SITE}/pkg.libs/libown.so.1", "pkg 1.0"),
    ),
    "in another wheel": (
        "libother.so",
        [
            wheel("pkg", "1.0", {"pkg/ext.so": library("libother.so", rpath="$ORIGIN/../other")}),
            wheel("other", "2.0", {"other/libother.so": library()}),
        ],
        (c.SIBLING, f"{SITE}/other/libother.so", "other 2.0"),
    ),
    "in the base": (
        "libc.so.6",
        [wheel("pkg", "1.0", {"pkg/ext.so": library("libc.so.6")})],
        (c.BASE, "/usr/lib/x86_64-linux-gnu/libc.so.6", "libc6 2.36-9"),
    ),
    "in a package that is not there yet": (
        "libgomp.so.1",
        [wheel("pkg", "1.0", {"pkg/ext.so": library("libgomp.so.1")})],
        (c.APT, None, "libgomp1"),
    ),
    "in a wheel of NVIDIA's that the package loads": (
        "libcublas.so.12",
        [
            wheel("pkg", "1.0", {"pkg/ext.so": library("libcublas.so.12")}),
            wheel("nvidia_cublas_cu12", "12.8", {"nvidia/cublas/lib/libcublas.so.12": library()}),
        ],
        (c.NVIDIA, f"{SITE}/nvidia/cublas/lib/libcublas.so.12", "nvidia-cublas-cu12 12.8"),
    ),
    "in any of the wheels of NVIDIA's that have the name": (
        "libcurand.so.10",
        [
            wheel("pkg", "1.0", {"pkg/ext.so": library("libcurand.so.10")}),
            wheel("nvidia_curand", "10.4", {"nvidia/cu13/lib/libcurand.so.10": library()}),
        ],
        (c.NVIDIA, f"{SITE}/nvidia/cu13/lib/libcurand.so.10", "nvidia-curand 10.4"),
    ),
    "the driver's": (
        "libcuda.so.1",
        [wheel("pkg", "1.0", {"pkg/ext.so": library("libcuda.so.1")})],
        (c.DRIVER, None, "NVIDIA's driver"),
    ),
    "loaded before": (
        "libtorch_cpu.so",
        [
            wheel("vision", "1.0", {"vision/_C.so": library("libtorch_cpu.so")}),
            wheel("torch", "2.0", {"torch/lib/libtorch_cpu.so": library()}),
        ],
        (c.PRELOAD, f"{SITE}/torch/lib/libtorch_cpu.so", "torch 2.0"),
    ),
    "loaded before, but from another distribution": (
        "libtorch_cpu.so",
        [
            wheel("vision", "1.0", {"vision/_C.so": library("libtorch_cpu.so")}),
            wheel("other", "2.0", {"other/libtorch_cpu.so": library()}),
        ],
        (c.UNRESOLVED, None, None),
    ),
    "of a plugin": (
        "libtbb.so.12",
        [wheel("numba", "0.6", {"numba/pool/tbbpool.so": library("libtbb.so.12")})],
        (c.PLUGIN, None, None),
    ),
    "nowhere": (
        "libnone.so.1",
        [wheel("pkg", "1.0", {"pkg/ext.so": library("libnone.so.1")})],
        (c.UNRESOLVED, None, None),
    ),
    "elsewhere in the environment": (
        "libfar.so.1",
        [
            wheel("pkg", "1.0", {"pkg/ext.so": library("libfar.so.1")}),
            wheel("other", "2.0", {"other/libfar.so.1": library(soname="libfar.so.1")}),
        ],
        (c.UNRESOLVED, None, None),
    ),
    "of NVIDIA's and in no wheel": (
        "libcublas.so.12",
        [wheel("pkg", "1.0", {"pkg/ext.so": library("libcublas.so.12")})],
        (c.UNRESOLVED, None, None),
    ),
    "for another machine": (
        "libown.so.1",
        [
            wheel(
                "pkg",
                "1.0",
                {
                    "pkg/ext.so": library("libown.so.1", runpath="$ORIGIN"),
                    "pkg/libown.so.1": library(machine=183),
                },
            )
        ],
        (c.UNRESOLVED, None, None),
    ),
    "opened by name": (
        "libportaudio.so.2",
        [wheel("sounddevice", "0.5", {})],
        (c.APT, None, "libportaudio2"),
    ),
}


@pytest.mark.parametrize(("needs", "wheels", "expected"), CASES.values(), ids=CASES)
def test_an_edge_has_the_status(
    needs: str, wheels: list[Libraries], expected: tuple[str, str | None, str | None]
) -> None:
    closure = resolved(*wheels)
    (edge,) = (edge for edge in closure.edges if edge.needs == needs)
    assert (edge.status, edge.found, edge.provider) == expected
    assert bool(closure.problems) == (edge.status == c.UNRESOLVED)
    assert list(closure.packages)[:1] == ([edge.provider] if edge.status == c.APT else [])


def test_what_an_added_package_needs_is_needed_too() -> None:
    cv2 = wheel("opencv_python", "4.10", {"cv2/cv2.abi3.so": library("libGL.so.1", "libc.so.6")})
    closure = resolved(cv2, added=(LIBGL,))
    assert closure.packages == {
        "libgl1": c.Package(("libGL.so.1",), ("opencv-python",), installed=True),
        "libglx0": c.Package(("libGLX.so.0",), ("libgl1",), installed=False),
    }
    (edge,) = (edge for edge in closure.edges if edge.needs == "libGLX.so.0")
    assert edge.owner == "libgl1 1.6.0-1"
    assert edge.via == (f"{SITE}/cv2/cv2.abi3.so", "/usr/lib/x86_64-linux-gnu/libGL.so.1")
    whole = resolved(cv2, added=(LIBGL, LIBGLX))
    assert [package.installed for package in whole.packages.values()] == [True, True]
    assert whole.superfluous == ()


def test_a_package_brings_the_data_that_it_is_of_no_use_without() -> None:
    sounddevice = wheel("sounddevice", "0.5", {})
    assert resolved(sounddevice).packages["portaudio-data"] == c.Package(
        (), ("libportaudio2",), installed=False
    )
    data = Libraries("portaudio-data.deb", packages={"portaudio-data": "19-1"})
    portaudio = package("libportaudio2", "19", file="libportaudio.so.2")
    closure = resolved(sounddevice, added=(portaudio, data))
    assert [each.installed for each in closure.packages.values()] == [True, True]
    assert closure.superfluous == ()
    closure = resolved(sounddevice, added=(portaudio,), base=(*BASE, data))
    assert list(closure.packages) == ["libportaudio2"]


def test_what_a_package_of_debian_needs_is_in_debian() -> None:
    libgl = package("libgl1", "1.6", "libcublas.so.12", file="libGL.so.1")
    closure = resolved(wheel("pkg", "1.0", {"pkg/ext.so": library("libGL.so.1")}), added=(libgl,))
    assert list(closure.packages) == ["libcublas12", "libgl1"]


def test_all_libraries_of_a_package_that_is_added_find_theirs() -> None:
    both = Libraries(
        "libgl1.deb",
        {**LIBGL.files, f"{MULTIARCH}/libopen.so": library("libgomp.so.1", "libGL.so.1")},
        owners=dict.fromkeys((*LIBGL.files, f"{MULTIARCH}/libopen.so"), "libgl1"),
    )
    cv2 = wheel("opencv_python", "4.10", {"cv2/cv2.abi3.so": library("libGL.so.1")})
    packages = resolved(cv2, added=(both, LIBGLX)).packages
    assert list(packages) == ["libgl1", "libglx0", "libgomp1"]
    assert packages["libgl1"].by == ("opencv-python",)
    closure = resolved(wheel("pkg", "1.0", {}), added=(both, LIBGLX))
    assert (list(closure.packages), closure.superfluous) == ([], ("libgl1", "libglx0"))


def test_a_package_that_nothing_needs_is_superfluous() -> None:
    closure = resolved(wheel("pkg", "1.0", {"pkg/ext.so": library("libGL.so.1")}), added=(LIBGL, LIBGLX))
    assert closure.superfluous == ()
    closure = resolved(wheel("pkg", "1.0", {"pkg/ext.so": library("libc.so.6")}), added=(LIBGLX,))
    assert closure.superfluous == ("libglx0",)


def test_a_library_that_fails_alone_but_not_with_who_needs_it_is_no_problem() -> None:
    files = {
        "pkg/ext.so": library("liba.so", rpath="$ORIGIN/libs"),
        "pkg/libs/liba.so": library("libb.so"),
        "pkg/libs/libb.so": library(),
    }
    closure = resolved(wheel("pkg", "1.0", files))
    assert closure.problems == ()
    assert {edge.needs: edge.status for edge in closure.edges} == {"liba.so": c.WHEEL, "libb.so": c.WHEEL}


def test_files_that_only_need_each_other_are_looked_at() -> None:
    files = {
        "pkg/liba.so": library("libb.so", "libnone.so.1", runpath="$ORIGIN"),
        "pkg/libb.so": library("liba.so", runpath="$ORIGIN"),
    }
    (problem,) = resolved(wheel("pkg", "1.0", files)).problems
    assert f"{SITE}/pkg/liba.so NEEDED libnone.so.1: nothing has it" in problem.text


@pytest.mark.parametrize(
    ("version", "has", "remedy"),
    [
        ("GLIBC_2.38", "Debian bookworm has 2.36", "lowest suite that would do is Debian trixie"),
        ("GLIBC_2.99", "Debian bookworm has 2.36", "No suite that is locked here would do"),
    ],
)
def test_a_symbol_version_that_the_base_lacks_is_a_problem(version: str, has: str, remedy: str) -> None:
    needing = library("libc.so.6", versions={"libc.so.6": ("GLIBC_2.2.5", version)})
    (problem,) = resolved(wheel("pkg", "1.0", {"pkg/ext.so": needing})).problems
    assert problem.text.startswith(f"{version} of libc.so.6 needed by {SITE}/pkg/ext.so (pkg 1.0), {has}")
    assert remedy in problem.remedy


def test_a_library_of_a_wheel_that_is_too_old_is_told_from_the_base() -> None:
    files = {
        "pkg/ext.so": library("libown.so.1", runpath="$ORIGIN", versions={"libown.so.1": ("OWN_2.0",)}),
        "pkg/libown.so.1": library(soname="libown.so.1", version_definitions=("OWN_1.0",)),
    }
    (problem,) = resolved(wheel("pkg", "1.0", files)).problems
    assert problem.text.startswith(
        f"OWN_2.0 of libown.so.1 needed by {SITE}/pkg/ext.so (pkg 1.0), pkg 1.0 has 1.0"
    )


def test_a_library_without_versions_is_taken_as_it_is() -> None:
    files = {
        "pkg/ext.so": library("libown.so.1", runpath="$ORIGIN", versions={"libown.so.1": ("OWN_2.0",)}),
        "pkg/libown.so.1": library(),
    }
    assert resolved(wheel("pkg", "1.0", files)).problems == ()


@pytest.mark.parametrize(
    ("four", "five", "packages", "problems"),
    [
        ("libavcodec.so.58", "libavcodec.so.59", ["libavcodec59"], 0),
        ("libavcodec.so.58", "libavcodec.so.60", [], 1),
        ("libavcodec.so.58", "libc.so.6", [], 0),
    ],
    ids=["a package has it", "nothing has any", "the base has it"],
)
def test_one_of_several_variants_is_enough(four: str, five: str, packages: list[str], problems: int) -> None:
    files = {"codec/four.so": library(four), "codec/five.so": library(five)}
    closure = resolved(wheel("codec", "0.1", files))
    assert list(closure.packages) == packages
    assert len(closure.problems) == problems


def test_what_a_plugin_may_lack_another_file_may_not() -> None:
    files = {
        "numba/pool/tbbpool.so": library("libshared.so", runpath="$ORIGIN/../libs"),
        "numba/libs/libshared.so": library("libnone.so.1"),
        "numba/the_core.so": library("libshared.so", runpath="$ORIGIN/libs"),
    }
    assert len(resolved(wheel("numba", "0.6", files)).problems) == 1
    del files["numba/the_core.so"]
    assert resolved(wheel("numba", "0.6", files)).problems == ()


def test_what_a_plugin_happens_to_find_is_not_needed() -> None:
    """Or an image with more packages than its files need, as with apt's closure, would need more."""
    files = {"numba/pool/tbbpool.so": library("libGL.so.1"), "numba/core.so": library("libc.so.6")}
    closure = resolved(wheel("numba", "0.6", files), added=(LIBGL, LIBGLX))
    assert closure.packages == {}
    (edge,) = [edge for edge in closure.edges if edge.needs == "libGL.so.1"]
    assert (edge.status, edge.found) == (c.PLUGIN, f"{MULTIARCH}/libGL.so.1")


def test_what_a_plugin_and_another_file_lead_to_is_needed() -> None:
    files = {
        "numba/pool/tbbpool.so": library("libshared.so", runpath="$ORIGIN/../libs"),
        "numba/libs/libshared.so": library("libGL.so.1"),
        "numba/the_core.so": library("libshared.so", runpath="$ORIGIN/libs"),
    }
    closure = resolved(wheel("numba", "0.6", files), added=(LIBGL, LIBGLX))
    assert list(closure.packages) == ["libgl1", "libglx0"]


def test_a_plugin_may_lack_symbol_versions() -> None:
    needing = library("libc.so.6", versions={"libc.so.6": ("GLIBC_2.99",)})
    assert resolved(wheel("numba", "0.6", {"numba/pool/tbbpool.so": needing})).problems == ()
    assert resolved(wheel("numba", "0.6", {"numba/core.so": needing})).problems != ()


def test_the_chain_and_a_namesake_are_named() -> None:
    other = wheel("other", "2.0", {"other/libnone.so.1": library(soname="libnone.so.1")})
    pkg = wheel(
        "pkg",
        "1.0",
        {
            "pkg/ext.so": library("liba.so", runpath="$ORIGIN"),
            "pkg/liba.so": library("libnone.so.1"),
        },
    )
    (problem,) = resolved(pkg, other).problems
    assert problem.text == (
        f"pkg 1.0: {SITE}/pkg/liba.so <- {SITE}/pkg/ext.so NEEDED libnone.so.1: nothing has it; "
        f"{SITE}/other/libnone.so.1 has that name, but the loader does not look there"
    )


def test_a_namesake_for_another_machine_is_called_that() -> None:
    pkg = wheel(
        "pkg",
        "1.0",
        {
            "pkg/ext.so": library("liba.so.1", runpath="$ORIGIN"),
            "pkg/liba.so.1": library(soname="liba.so.1", machine=183),
        },
    )
    (problem,) = resolved(pkg).problems
    assert problem.text.endswith(
        f"nothing has it; {SITE}/pkg/liba.so.1 has that name, but is for another machine"
    )


@pytest.mark.parametrize(
    ("soname", "wheels"),
    [
        ("libcublas.so.12", "nvidia-cublas-cu12 (cuBLAS of CUDA 12)"),
        ("libcurand.so.10", "nvidia-curand-cu12 (cuRAND of CUDA 12) or nvidia-curand (cuRAND of CUDA 13)"),
    ],
)
def test_components_of_nvidia_that_are_missing_are_named(soname: str, wheels: str) -> None:
    (problem,) = resolved(wheel("pkg", "1.0", {"pkg/ext.so": library(soname)})).problems
    assert problem.remedy == f"Add {wheels} to the wheels."


def test_copies_of_a_library_are_listed_with_what_they_waste() -> None:
    wheels = [
        wheel(name, "1.0", {f"{name}/libcublas.so.12": library(soname="libcublas.so.12", size=size)})
        for name, size in {"one": 700, "two": 900, "three": 500}.items()
    ]
    (duplicate,) = resolved(*wheels).duplicates
    assert (duplicate.soname, duplicate.wasted, len(duplicate.copies)) == ("libcublas.so.12", 1200, 3)


def test_what_is_wrong_in_the_base_alone_is_its_own_matter() -> None:
    old = {"libc.so.6": ("GLIBC_2.99",)}
    needs = ("libnone.so.1", "libc.so.6")
    broken = package("libbroken1", "1.0", *needs, file="libbroken.so.1", versions=old)
    twin = Libraries("twin.tar.gz", {"/opt/libbroken.so.1": library(soname="libbroken.so.1")})
    pkg = wheel("pkg", "1.0", {"pkg/ext.so": library("libbroken.so.1")})
    closure = resolved(pkg, base=(*BASE, broken, twin))
    assert (closure.problems, closure.duplicates) == ((), ())
    assert [edge.needs for edge in closure.edges] == ["libbroken.so.1"]


def test_files_that_are_broken_are_listed() -> None:
    broken = Libraries("pkg-1.0-py3-none-any.whl", errors={f"{SITE}/pkg/x.so": "broken ELF header"})
    assert resolved(broken).broken == {f"{SITE}/pkg/x.so": "broken ELF header"}


def test_files_for_another_machine_are_listed_and_not_loaded() -> None:
    closure = resolved(wheel("pkg", "1.0", {"pkg/arm.so": library("libnone.so.1", machine=183)}))
    assert closure.foreign == (f"{SITE}/pkg/arm.so",)
    assert (closure.edges, closure.problems) == ((), ())


def test_the_closure_survives_json(tmp_path: Path) -> None:
    closure = resolved(
        *(each for _, wheels, _ in CASES.values() for each in wheels), added=(LIBGL,), base=BASE
    )
    path = tmp_path / "closure.json"
    path.write_text(closure.dumps())
    assert c.load(path) == closure
