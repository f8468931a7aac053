"""Closures for tests: a small image with something of each status, and big ones that a seed makes up.

python3 -m tools.why.examples > docs/why.svg     # the picture of the small one in the guide
"""

from __future__ import annotations

import random

from tools.lib_closure.cases import library, package, resolved, wheel
from tools.lib_closure.closure import Closure
from tools.why.graph import graph
from tools.why.index import Index
from tools.why.svg import drawn

_KINDS = ("av", "gl", "glib", "krb5", "sound", "tiff", "x11", "xcb")


def small() -> Closure:
    """An image whose packages are only in part laid on it."""
    cublas, torch = "libcublas.so.12", "libtorch_cuda.so"
    return resolved(
        wheel(
            "opencv_python",
            "4.10.0.84",
            {"cv2/cv2.abi3.so": library("libGL.so.1", "libc.so.6", "libstdc++.so.6")},
        ),
        wheel("lightgbm", "4.7.0", {"lightgbm/lib/lib_lightgbm.so": library("libgomp.so.1", "libc.so.6")}),
        wheel(
            "torch",
            "2.5.1",
            {
                f"torch/lib/{torch}": library(cublas, "libcuda.so.1", "libgomp.so.1", soname=torch),
                "torch/_C.so": library(torch, rpath="$ORIGIN/lib"),
            },
        ),
        wheel("vision", "0.20.1", {"vision/_C.so": library(torch)}),
        wheel("sounddevice", "0.5.1", {}),
        wheel(
            "numba",
            "0.60.0",
            {
                "numba/a.so": library("libc.so.6", "libstdc++.so.6"),
                "numba/b.so": library("libc.so.6"),
                "numba/pool/tbbpool.so": library("libtbb.so.12", "libc.so.6"),
            },
        ),
        wheel("other", "1.0", {"other/x.so": library("libnone.so.1")}),
        wheel(
            "nvidia_cublas_cu12",
            "12.4.5.8",
            {f"nvidia/cublas/lib/{cublas}": library(soname=cublas, size=400_000_000)},
        ),
        wheel("faiss_gpu", "1.7.2", {f"faiss_libs/{cublas}": library(soname=cublas, size=390_000_000)}),
        added=(
            package("libgl1", "1.6.0-1", "libGLX.so.0", "libc.so.6", file="libGL.so.1"),
            package("libgomp1", "12.2.0-14", "libc.so.6", file="libgomp.so.1"),
        ),
    )


def big(distributions: int, packages: int, seed: int) -> Closure:
    """An image whose packages need each other, in circles too."""
    dice = random.Random(seed)
    names = [f"lib{dice.choice(_KINDS)}-{number}" for number in range(packages)]
    added = [
        package(
            name,
            f"1.{number}-1",
            *(f"{each}.so.1" for each in sorted(set(dice.choices(names, k=dice.randrange(3))) - {name})),
            "libc.so.6",
            file=f"{name}.so.1",
        )
        for number, name in enumerate(names)
    ]
    wheels = []
    for number in range(distributions):
        rare = [name for name in ("libcuda.so.1", "libnone.so.1", "libtbb.so.12") if dice.random() < 0.05]
        needed = ["libc.so.6", *rare, *(f"{each}.so.1" for each in dice.choices(names, k=dice.randrange(3)))]
        files = {f"d{number}/{file}.so": library(*dict.fromkeys(needed)) for file in range(number % 3 + 1)}
        wheels.append(wheel(f"d{number}-{'long-name' * dice.randrange(4)}", f"{number}.0", files))
    return resolved(*wheels, added=tuple(added))


def picture() -> str:
    """The small one, drawn."""
    return drawn(graph(Index(small())), "//app:train_py311 (amd64)")


if __name__ == "__main__":
    print(picture(), end="")
