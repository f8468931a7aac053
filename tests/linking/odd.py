"""Makes small images with libraries that ask for trouble, on the loader and the C library of a real one."""

from __future__ import annotations

import gzip
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.elf_scan import facts
from tools.elf_scan.elf_writer import Spec, write
from tools.elf_scan.facts import Libraries
from tools.elf_scan.root import Root
from tools.image_run.testing import Entry, Layout, file, folder, symlink, tar
from tools.layer_libraries.__main__ import main as layer_libraries
from tools.ld_cache.__main__ import main as ld_cache

LIB = "/usr/lib/x86_64-linux-gnu"
_KEPT = ("/bin/sh", "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6", "/sbin/ldconfig")
_SEARCHED = ("/conf/1", "/conf/2", "/usr/lib", LIB)
_FOLDERS = ("/odd", "/odd/a", "/odd/a/b", *_SEARCHED)
_PATHS = (
    "$ORIGIN",
    "$ORIGIN/b",
    "$ORIGIN/..",
    "${ORIGIN}/a",
    "/odd/a",
    "/odd/linked",
    "/odd/$LIB",
    "/no/place",
    "b",
    "",
)
CONF = b"# odd\ninclude /etc/ld.so.conf.d/*.conf\n/conf/2\n"

# A path to an ELF file, to the target of a link, or to other content.
Files = Mapping[str, Spec | str | bytes]

# What chance does not bring about.
_CASES: Files = {
    "/cases/origin": Spec(needed=("libhere.so", "libhere.so"), runpath="/cases/links"),
    "/cases/links/libhere.so": "../real/libhere.so",
    "/cases/links/libthere.so": Spec(),
    "/cases/real/libhere.so": Spec(needed=("libthere.so",), runpath="$ORIGIN"),
    "/cases/real/libthere.so": Spec(padding=1),
    "/cases/weak": Spec(needed=("libv.so",), runpath="$ORIGIN", weak=[("libv.so", ("V_9",))]),
    "/cases/both": Spec(needed=("libv.so",), rpath="$ORIGIN", versions=[("libv.so", ("V_1", "V_9"))]),
    "/cases/other": Spec(needed=("libu.so",), rpath="$ORIGIN", versions=[("libv.so", ("V_1", "V_9"))]),
    "/cases/libu.so": Spec(needed=("libv.so",)),
    "/cases/libv.so": Spec(defined=("V_1",)),
}


@dataclass(frozen=True)
class Odd:
    """An image and what its layers have."""

    layout: Path
    layers: tuple[Libraries, ...]


def make(below: Root, files: Files, place: Path, library_path: str = "") -> Odd:
    """Makes the image in a new folder.

    Args:
        below: the real image, unpacked.
        files: what is put on what is kept of it.
        place: the folder.
        library_path: LD_LIBRARY_PATH in the image.
    """
    place.mkdir()
    layers = [place / f"{name}.tar" for name in ("kept", "odd", "cache")]
    layers[0].write_bytes(tar(_kept(below)))
    layers[1].write_bytes(tar(_entry(path, content) for path, content in files.items()))
    ld_cache(["--arch", "amd64", "--output", str(layers[2]), *map(str, layers[:2])])
    layout = Layout(place / "image")
    env = [f"LD_LIBRARY_PATH={library_path}"] if library_path else []
    contents = [*(layer.read_bytes() for layer in layers[:2]), gzip.decompress(layers[2].read_bytes())]
    layout.finish(layout.image(contents, {"Env": env}))
    told = []
    for layer in layers:
        layer_libraries(["--output", f"{layer}.json", str(layer)])
        told.append(facts.read(Path(f"{layer}.json")))
    return Odd(layout.path, tuple(told))


def surprise(seed: int) -> Files:
    """Libraries that need each other at random, found here and there or nowhere."""
    chance = random.Random(seed)
    names = [f"lib{letter}.so.{number}" for letter in "abcdefgh" for number in (1, 2)]
    files: dict[str, Spec | str | bytes] = {
        **_CASES,
        "/etc/ld.so.conf": CONF,
        "/etc/ld.so.conf.d/odd.conf": b"/conf/1\n",
        "/odd/linked": "a",
        "/odd/lib": "/odd/a/b",
    }
    for number in range(60):
        name, folder = chance.choice(names), chance.choice(_FOLDERS)
        path = f"{folder}/{name}"
        if folder in _SEARCHED or chance.random() > 0.15:
            soname = chance.choice([name, name, chance.choice(names), None])
            files[path] = _spec(chance, soname, names, number)
        else:
            files[path] = f"{chance.choice(_FOLDERS)}/{chance.choice(names)}"
    return files


def _spec(chance: random.Random, soname: str | None, names: list[str], number: int) -> Spec:
    needed = chance.choices([*names, "libc.so.6", f"/odd/{chance.choice(names)}"], k=chance.randrange(4))
    paths = [":".join(chance.choices(_PATHS, k=chance.randrange(1, 4))) for _ in range(2)]
    versions = [(each, chance.sample(["V_1", "V_2", "V_3"], 2)) for each in dict.fromkeys(needed)]
    rare = chance.random()
    return Spec(
        soname=soname,
        needed=needed,
        rpath=chance.choice([None, paths[0]]),
        runpath=chance.choice([None, None, paths[1]]),
        versions=chance.choice([[], [pair for pair in versions if not pair[0].startswith(("/", "libc."))]]),
        defined=chance.choice([[], ["V_1"], ["V_1", "V_2", "V_3"]]),
        machine=183 if rare < 0.05 else 62,
        bits=32 if 0.05 < rare < 0.1 else 64,
        flags_1=0x800 if 0.1 < rare < 0.15 else 0,
        padding=number,
    )


def _kept(root: Root) -> list[Entry]:
    entries = [folder(name, 0o755) for name in ("proc", "dev", "tmp", "etc")]
    for path in _KEPT:
        real = root.real(path)
        assert real is not None, path
        entries.append(file(path.lstrip("/"), Path(root.host(real)).read_bytes(), 0o755))
    return [*entries, symlink(f"{LIB[1:]}/ld-linux-x86-64.so.2", _KEPT[1])]


def _entry(path: str, content: Spec | str | bytes) -> Entry:
    if isinstance(content, str):
        return symlink(path.lstrip("/"), content)
    return file(path.lstrip("/"), content if isinstance(content, bytes) else write(content), 0o755)
