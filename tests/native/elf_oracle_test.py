"""The ELF reader and pyelftools say the same of every ELF file of many real wheels, whatever it is named.

WHEELS are wheels, folders with wheels in them, or folders of installed ones.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tools.elf_scan import elf
from tools.elf_scan.elf_oracle import expected

SOURCES = [Path(name) for name in os.environ["WHEELS"].split()]
LEAST = {"wheels": 55, "files": 1000, "unnamed": 300, "needs": 1000, "definitions": 100, "programs": 3}


def elf_files(source: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Each ELF file of a wheel or a folder, with its name there. Members are in `scratch`, one at a time."""
    if source.is_dir():
        for folder, _, names in sorted(os.walk(source, followlinks=True)):
            for path in (Path(folder, name) for name in sorted(names)):
                if path.suffix == ".whl":
                    yield from elf_files(path, scratch)
                elif path.is_file():
                    with path.open("rb") as stream:
                        if stream.read(4) == elf.MAGIC:
                            yield str(path), path
        return
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            with archive.open(member) as stream:
                start = stream.read(4)
                if start == elf.MAGIC:
                    with scratch.open("wb") as out:
                        out.write(start)
                        shutil.copyfileobj(stream, out, 1 << 20)
            if start == elf.MAGIC:
                yield f"{source.name}: {member.filename}", scratch


def kinds(name: str, facts: elf.Elf) -> Iterator[str]:
    """What a file adds to."""
    yield "files"
    if not name.endswith(".so"):
        yield "unnamed"
    if facts.version_needs:
        yield "needs"
    if facts.version_definitions:
        yield "definitions"
    if facts.interpreter:
        yield "programs"


def test_pyelftools_agrees_on_every_elf_file(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    different: list[str] = []
    for source in SOURCES:
        before = seen["files"]
        for name, path in elf_files(source, tmp_path / "member"):
            with path.open("rb") as stream:
                wanted = expected(stream)
            try:
                facts: elf.Elf | None = elf.read_path(path)
            except elf.ElfError:
                facts = None
            if facts is None or facts != wanted:
                different.append(f"{name}: {facts} and not {wanted}")
            else:
                seen.update(kinds(name, facts))
        seen["wheels"] += seen["files"] > before
    print(dict(seen))
    assert not different, "\n".join(different)
    assert not {kind: (seen[kind], least) for kind, least in LEAST.items() if seen[kind] < least}
