"""Tiny wheels and their parts, made by tests."""

from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from tools.layer.part import write_layer
from tools.testing.tiny_wheel import TinyWheel
from tools.venv_part.facts import Facts
from tools.venv_part.libraries import Looker
from tools.venv_part.part import write_part
from tools.venv_part.place import Venv
from tools.wheel.splice import SMALL

VENV = Venv("/opt/app", "3.11")
SITE = "opt/app/lib/python3.11/site-packages"
INFO = "tiny-1.0.dist-info"
NOISE = random.Random(0).randbytes(3 * SMALL)


@dataclass(frozen=True)
class Made:
    """A part that was made and unpacked."""

    facts: Facts
    libraries: Looker
    raw: bytes
    files: Mapping[str, tuple[int, bytes]]


def make(path: Path, venv: Venv = VENV) -> Made:
    """Makes the part of a wheel, and unpacks it."""
    out = io.BytesIO()
    libraries = Looker()
    facts = write_part(path, venv, out, libraries)
    part, layer = path.with_suffix(".part"), path.with_suffix(".tar.gz")
    part.write_bytes(out.getvalue())
    with layer.open("wb") as stream:
        write_layer([part], stream)
    files = {}
    with tarfile.open(layer) as archive:
        for member in archive:
            assert member.isreg()
            files[member.name] = member.mode, cast(BinaryIO, archive.extractfile(member)).read()
    assert list(files) == sorted(files)
    assert files.keys() == facts.files.keys()
    return Made(facts, libraries, out.getvalue(), files)


def tiny(tmp_path: Path, files: Mapping[str, bytes] | None = None, **fields: str) -> Path:
    """Writes a wheel."""
    return TinyWheel("tiny", files=files or {}, **fields).write(tmp_path)


def entry_points(text: str) -> dict[str, bytes]:
    """The file with entry points."""
    return {f"{INFO}/entry_points.txt": text.encode()}
