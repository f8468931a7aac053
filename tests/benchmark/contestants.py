"""The ways from wheels to a layer that //tests/benchmark:layers compares, as programs of their own.

    python3 -m tests.benchmark.contestants gzip --output OUT --scratch FOLDER WHEEL...

Each does all of its work on one core, in this process and those that it starts, so that whoever started it
can ask the system for time and memory.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

PREFIX, PYTHON = "/usr/share/python3/app", "3.11"
_CHUNK = 1 << 18
_SORTED = ("--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner")


def unpack(wheels: Sequence[Path], tree: Path) -> Path:
    """Unpacks the wheels to where site-packages would be in the image; the image's root."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tree / PREFIX.lstrip("/") / f"lib/python{PYTHON}/site-packages")
    return tree


def manifest(tree: Path, file: Path) -> None:
    """What rules_pkg's build_tar asks for, naming the whole tree."""
    entry = {"type": "tree", "dest": "", "src": str(tree), "mode": "", "user": None, "group": None}
    file.write_text(json.dumps([entry]), encoding="utf-8")


def _compressed(compressor: Sequence[str], wheels: Sequence[Path], output: Path, scratch: Path) -> None:
    tree = unpack(wheels, scratch / "tree")
    with output.open("wb") as out:
        archive = subprocess.Popen(["tar", "-C", tree, *_SORTED, "-cf", "-", "."], stdout=subprocess.PIPE)
        subprocess.run(compressor, stdin=archive.stdout, stdout=out, check=True)
    if archive.wait():
        raise SystemExit("tar failed")


def _floor(wheels: Sequence[Path], output: Path, scratch: Path) -> None:
    """Inflates every stream once and takes SHA-256 of what goes in and of what comes out."""
    before, after = hashlib.sha256(), hashlib.sha256()
    for wheel in wheels:
        with wheel.open("rb") as file, zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                file.seek(info.header_offset + 26)
                file.seek(sum(struct.unpack("<HH", file.read(4))), 1)
                inflate = zlib.decompressobj(-zlib.MAX_WBITS) if info.compress_type else None
                left = info.compress_size
                while chunk := file.read(min(_CHUNK, left)):
                    left -= len(chunk)
                    before.update(chunk)
                    after.update(inflate.decompress(chunk) if inflate else chunk)
    output.write_text(f"{before.hexdigest()} {after.hexdigest()}\n", encoding="utf-8")


def _ours(wheels: Sequence[Path], output: Path, scratch: Path, compiler: Path | None = None) -> None:
    """The actions VenvPart of each wheel, in one process as in a worker, and VenvLayer."""
    # Not above: the other ways must not wait for these.
    from tools.venv_layer.__main__ import main as venv_layer
    from tools.venv_part.__main__ import main as venv_part

    arguments = ["--layer", str(output)]
    for number, wheel in enumerate(wheels):
        facts, part, code = (scratch / f"{number}.{kind}" for kind in ("json", "part", "pyc"))
        options = [f"--prefix={PREFIX}", f"--python={PYTHON}", f"--part={part}", f"--facts={facts}"]
        if compiler:
            options += [f"--compiler={compiler}", f"--byte-code={code}"]
        venv_part([*options, f"--libraries={scratch / f'{number}.elf.json'}", str(wheel)])
        arguments += ["--part", str(facts), str(part), *([str(code)] if compiler else [])]
    venv_layer(arguments)


_WAYS: Mapping[str, Callable[[Sequence[Path], Path, Path], None]] = {
    "gzip": partial(_compressed, ["gzip", "-6", "-n"]),
    "zstd": partial(_compressed, ["zstd", "-3", "-q", "--single-thread"]),
    "floor": _floor,
    "ours": _ours,
}


def main() -> None:
    """Goes one way."""
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=_WAYS)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True, help="an empty folder")
    parser.add_argument("--compiler", type=Path, help="compile modules too, with this Python")
    parser.add_argument("wheels", type=Path, nargs="+")
    args = parser.parse_args()
    if args.compiler:
        _ours(args.wheels, args.output, args.scratch, args.compiler)
    else:
        _WAYS[args.way](args.wheels, args.output, args.scratch)


if __name__ == "__main__":
    main()
