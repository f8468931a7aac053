"""Action VenvLayer: parts of a virtual environment become one layer.

Bazel runs it for each group of a venv_layer; the rule is //venv/private:venv_layer.bzl. Parts are copied as
they are.

    venv_layer --layer OUT.tar.gz --part FACTS.json PART [BYTE_CODE] --requested FACTS.json PART ...
"""

import argparse
import gzip
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from tools.common.errors import naming, run
from tools.layer.part import PartWriter, write_layer
from tools.layer.tar import Entry, Kind
from tools.venv_layer.merge import Part, Plan, check_size, plan
from tools.venv_part.facts import read_facts


def main(arguments: list[str] | None = None) -> None:
    """Merges the parts that Bazel names."""
    parser = argparse.ArgumentParser(
        prog="venv_layer", description="Merges parts into a layer.", fromfile_prefix_chars="@"
    )
    parser.add_argument("--layer", type=Path, required=True, help="output: the layer, .tar.gz")
    for name, wheel in (
        ("--part", "of a wheel or the skeleton"),
        ("--requested", "of a wheel asked for by name"),
    ):
        parser.add_argument(
            name,
            type=Path,
            nargs="+",
            action="append",
            default=[],
            metavar="FILE",
            help=f"facts, part, and byte code if there is to be some, {wheel}",
        )
    args = parser.parse_args(arguments)
    planned = plan([*_parts(args.part, requested=False), *_parts(args.requested, requested=True)])
    check_size(planned, args.layer)
    with naming(args.layer), tempfile.TemporaryDirectory(dir=args.layer.parent) as scratch:
        write(planned, args.layer, Path(scratch))


def _parts(files: Sequence[Sequence[Path]], *, requested: bool) -> list[Part]:
    return [
        Part(read_facts(facts), part, byte_code[0] if byte_code else None, requested)
        for facts, part, *byte_code in files
    ]


def write(planned: Plan, layer: Path, scratch: Path) -> None:
    """Writes the layer.

    Args:
        planned: what is in it.
        layer: the file to write.
        scratch: an empty folder.
    """
    head, tail = scratch / "head", scratch / "tail"
    with head.open("wb") as out, PartWriter(out) as writer:
        for folder in planned.folders:
            writer.add(Entry(folder, Kind.DIR, 0o755))
    with tail.open("wb") as out, PartWriter(out) as writer:
        for path, data in planned.last:
            writer.add(Entry(path, Kind.FILE, 0o644, size=len(data)), data)
    with layer.open("wb") as out:
        write_layer([head, *_copied(planned, scratch), tail], out)


def _copied(planned: Plan, scratch: Path) -> Iterator[Path]:
    for number, part in enumerate(planned.parts):
        for path in filter(None, (part.path, part.byte_code)):
            if part.again:
                yield _without(path, part.again, scratch / f"{number}{path.suffix}")
            else:
                yield path


def _without(part: Path, again: frozenset[str], output: Path) -> Path:
    """A part without the files that another one has. It is rare, so what is left is compressed anew."""
    # tarfile's own decompression ends with the first of many gzip members.
    with (
        gzip.open(part) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
        output.open("wb") as out,
        PartWriter(out) as writer,
    ):
        for member in archive:
            if member.name not in again:
                kind = Kind.SYMLINK if member.issym() else Kind.FILE
                entry = Entry(member.name, kind, member.mode, size=member.size, link=member.linkname)
                writer.add(entry, cast(BinaryIO, archive.extractfile(member)) if member.isreg() else None)
    return output


if __name__ == "__main__":
    run(main)
