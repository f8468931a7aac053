"""Action VenvLayer: the parts of a virtual environment become one layer.

Bazel runs it for each venv_layer; the rule is //venv/private:venv_layer.bzl. Parts are copied as they are.

    venv_layer --version 3.11.2 --layer OUT.tar.gz --part FACTS.json PART ...
"""

import argparse
import gzip
import tarfile
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from tools.common.errors import naming, run
from tools.layer.part import PartWriter, write_layer
from tools.layer.tar import Entry, Kind
from tools.venv_layer.merge import Part, Plan, plan
from tools.venv_part.facts import read_facts


def main(arguments: list[str] | None = None) -> None:
    """Merges the parts that Bazel names."""
    parser = argparse.ArgumentParser(
        prog="venv_layer", description="Merges parts into a layer.", fromfile_prefix_chars="@"
    )
    parser.add_argument("--version", required=True, help="Python's version in full: 3.11.2")
    parser.add_argument("--layer", type=Path, required=True, help="output: the layer, .tar.gz")
    parser.add_argument(
        "--part", type=Path, nargs=2, action="append", required=True, metavar=("FACTS", "PART")
    )
    args = parser.parse_args(arguments)
    planned = plan([Part(read_facts(facts), part) for facts, part in args.part], args.version)
    with naming(args.layer), tempfile.TemporaryDirectory(dir=args.layer.parent) as scratch:
        write(planned, args.layer, Path(scratch))


def write(planned: Plan, layer: Path, scratch: Path) -> None:
    """Writes the layer.

    Args:
        planned: what is in it.
        layer: the file to write.
        scratch: an empty folder.
    """
    head = scratch / "folders"
    with head.open("wb") as out, PartWriter(out) as writer:
        for folder in planned.folders:
            writer.add(Entry(folder, Kind.DIR, 0o755))
    parts = [
        _without(part, scratch / str(number)) if part.again else part.path
        for number, part in enumerate(planned.parts)
    ]
    with layer.open("wb") as out:
        write_layer([head, *parts], out)


def _without(part: Part, output: Path) -> Path:
    """A part without the files that an earlier one has. It is rare, so what is left is compressed anew."""
    # tarfile's own decompression ends with the first of many gzip members.
    with (
        gzip.open(part.path) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
        output.open("wb") as out,
        PartWriter(out) as writer,
    ):
        for member in archive:
            if member.name not in part.again:
                entry = Entry(member.name, Kind.FILE, member.mode, size=member.size)
                writer.add(entry, cast(BinaryIO, archive.extractfile(member)))
    return output


if __name__ == "__main__":
    run(main)
