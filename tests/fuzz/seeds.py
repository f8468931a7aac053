"""The corpus: small wheels of every form that there is, as what they are made of. Damage starts from them."""

from __future__ import annotations

import random
import stat
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.elf_scan.elf_writer import Spec, write
from tools.wheel.splice import SMALL
from tools.wheel.zip_writer import Raw

INFO = "tiny-1.0.dist-info"
NOISE = random.Random(0).randbytes(300)
LARGE = NOISE * (SMALL // len(NOISE) + 2)  # spliced, and still it deflates to little
STORED = zipfile.ZIP_STORED
LINK = stat.S_IFLNK | 0o777
PROGRAM = stat.S_IFREG | 0o755
LIBRARY = write(Spec(soname="libtiny.so.1", needed=("libm.so.6",), versions=[("libc.so.6", ("GLIBC_2.17",))]))
ENTRY_POINTS = b"[console_scripts]\ntool = tiny:main\n[gui_scripts]\nwindow = tiny.gui : run [extra]\n"
METADATA = b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\nRequires-Python: >=3.9\n\nText.\n"
WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class Seed:
    """A wheel: its members, and what the archive has besides."""

    members: Sequence[Raw]
    zip64: bool = False
    prefix: bytes = b""
    comment: bytes = b""
    described: dict[str, bytes] = field(
        default_factory=lambda: {f"{INFO}/METADATA": METADATA, f"{INFO}/WHEEL": WHEEL}
    )


SEEDS: dict[str, Seed] = {
    "plain": Seed([Raw("tiny.py", b"def main(): ...\n"), Raw("pkg/__init__.py")]),
    "scripts": Seed(
        [
            Raw("tiny-1.0.data/scripts/run", b"#!python\nrun()\n", mode=PROGRAM),
            Raw(f"{INFO}/entry_points.txt", ENTRY_POINTS),
        ]
    ),
    "schemes": Seed(
        [
            Raw("tiny-1.0.data/data/share/x", b"x"),
            Raw("tiny-1.0.data/headers/tiny.h", b"h"),
            Raw("tiny-1.0.data/purelib/p.py", b"p"),
            Raw("tiny-1.0.data/platlib/q.so", LIBRARY),
        ]
    ),
    "stored": Seed([Raw("large", LARGE, STORED), Raw("small", b"x", STORED), Raw("none", b"", STORED)]),
    "large": Seed([Raw("large.so", LIBRARY + LARGE), Raw("large.py", b"#" + LARGE.hex().encode())]),
    "descriptors": Seed([Raw("large", LARGE, descriptor=True), Raw("a.py", b"x", STORED, descriptor=True)]),
    "zip64": Seed([Raw("large", LARGE, zip64=True), Raw("a.py", b"x", zip64=True)], zip64=True),
    "around": Seed([Raw("a.py", b"x")], prefix=b"#!/bin/sh\nexit\n", comment=b"comment"),
    "names": Seed([Raw("é/" + "n" * 101, b"x"), Raw("a" * 90 + "/" + "b" * 90 + "/" + "c" * 90, b"y")]),
    "links": Seed(
        [Raw("link", b"../../etc", mode=LINK), Raw("folder/", method=STORED), Raw("folder/a", b"a")]
    ),
    "signed": Seed([Raw("a.py", b"x"), Raw(f"{INFO}/RECORD.jws", b"signed")]),
}
