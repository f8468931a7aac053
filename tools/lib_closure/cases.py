"""Small images for tests: facts of layers and wheels that no file is made for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.elf_scan.elf import ET_DYN, Elf, VersionNeed
from tools.elf_scan.facts import Libraries, Library
from tools.lib_closure.analyse import analyse
from tools.lib_closure.closure import Closure
from tools.lib_closure.hints import Hint, Hints
from tools.lib_closure.image import Image

SITE = "/usr/share/python3/app/lib/python3.11/site-packages"
MULTIARCH = "/usr/lib/x86_64-linux-gnu"


def library(
    *needed: str, size: int = 100, versions: Mapping[str, tuple[str, ...]] | None = None, **facts: Any
) -> Library:
    """An ELF file that needs these libraries, and these symbol versions of them."""
    needs = tuple(VersionNeed(name, wanted) for name, wanted in (versions or {}).items())
    values = {"e_type": ET_DYN, "machine": 62, "bits": 64, "little": True, "flags": 0, "dynamic": True}
    return Library(size, Elf(**values | {"needed": needed, "version_needs": needs} | facts))


def package(name: str, version: str, *needed: str, file: str, **facts: Any) -> Libraries:
    """A Debian package with one library, `file`, in the folder for libraries."""
    path = f"{MULTIARCH}/{file}"
    return Libraries(
        f"{name}.deb",
        {path: library(*needed, soname=file, **facts)},
        owners={path: name},
        packages={name: version},
    )


def wheel(name: str, version: str, files: Mapping[str, Library]) -> Libraries:
    """A wheel with files in site-packages."""
    return Libraries(
        f"{name}-{version}-cp311-cp311-linux_x86_64.whl",
        {f"{SITE}/{path}": each for path, each in files.items()},
    )


BASE = (
    Libraries("debian.tar.gz", links={"/lib": "usr/lib"}),
    package("libc6", "2.36-9", file="libc.so.6", version_definitions=("GLIBC_2.2.5", "GLIBC_2.36")),
    package(
        "libstdc++6", "12.2.0-14", "libc.so.6", file="libstdc++.so.6", version_definitions=("GLIBCXX_3.4.30",)
    ),
)
SUITES: dict[str, dict[str, tuple[str, ...]]] = {
    "bullseye": {"libc.so.6": ("GLIBC_2.2.5", "GLIBC_2.31")},
    "bookworm": {"libc.so.6": ("GLIBC_2.2.5", "GLIBC_2.36")},
    "trixie": {"libc.so.6": ("GLIBC_2.2.5", "GLIBC_2.36", "GLIBC_2.38", "GLIBC_2.41")},
}


@dataclass(frozen=True)
class TinyIndex:
    """An index of few sonames."""

    packages: Mapping[str, str] = field(
        default_factory=lambda: {
            "libGL.so.1": "libgl1",
            "libGLX.so.0": "libglx0",
            "libavcodec.so.59": "libavcodec59",
            "libcublas.so.12": "libcublas12",
            "libgomp.so.1": "libgomp1",
            "libportaudio.so.2": "libportaudio2",
            "libtbb.so.12": "libtbb12",
        }
    )
    suite: str = "bookworm"

    def package(self, soname: str, arch: str) -> str | None:
        """See Index in resolve.py."""
        return self.packages.get(soname)


HINTS = Hints(
    dlopen=(Hint("opens it itself", distribution="sounddevice", sonames=("libportaudio.so.2",)),),
    data=(Hint("is of no use without", package="libportaudio2", others=("portaudio-data",)),),
    driver=(Hint("comes with the driver", sonames=("libcuda.so.*",)),),
    nvidia=(
        Hint("cuBLAS of CUDA 12", wheel="nvidia-cublas-cu12", sonames=("libcublas.so.12",)),
        Hint("cuRAND of CUDA 12", wheel="nvidia-curand-cu12", sonames=("libcurand.so.10",)),
        Hint("cuRAND of CUDA 13", wheel="nvidia-curand", sonames=("libcurand.so.10",)),
    ),
    preload=(Hint("imports torch first", distribution="vision", origin="torch", sonames=("libtorch*.so",)),),
    plugins=(Hint("is one of several", distribution="numba", files=("numba/pool/tbb*.so",)),),
    variants=(
        Hint("one for each ffmpeg", distribution="codec", groups=(("codec/four*.so",), ("codec/five*.so",))),
    ),
)


def resolved(
    *wheels: Libraries, added: tuple[Libraries, ...] = (), base: tuple[Libraries, ...] = BASE
) -> Closure:
    """The closure of an image with these wheels."""
    return analyse(Image("amd64", base, added, wheels), TinyIndex(), HINTS, SUITES)
