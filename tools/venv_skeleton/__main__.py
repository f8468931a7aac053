"""Action VenvSkeleton: a virtual environment without any distribution, as a layer part.

Bazel runs it for each venv_layer; the rule is //venv/private:venv_layer.bzl.

    venv_skeleton --prefix /usr/share/python3/app --version 3.11.2 --home /usr/bin \\
        --python-layer PYTHON.tar.gz --part OUT --facts OUT.json --libraries OUT.elf.json
"""

import argparse
from dataclasses import replace
from pathlib import Path

from tools.common.errors import naming, run
from tools.common.outputs import whole
from tools.elf_scan.facts import Libraries
from tools.layer.formats import FORMATS
from tools.layer.part import EntryWriter
from tools.layer.tar import Entry, Kind
from tools.venv_part.facts import Facts, File
from tools.venv_skeleton.skeleton import Base, Skeleton, read_templates, skeleton


def main(arguments: list[str] | None = None) -> None:
    """Makes the part for the Python that Bazel names."""
    parser = argparse.ArgumentParser(prog="venv_skeleton", description="Makes a layer part of an empty venv.")
    parser.add_argument("--prefix", required=True, help="the virtual environment's folder in the image")
    parser.add_argument("--version", required=True, help="Python's version in full: 3.11.2")
    parser.add_argument("--home", required=True, help="the folder of Python's program")
    parser.add_argument("--python-layer", type=Path, required=True, help="the layer with Python")
    parser.add_argument("--compression", choices=sorted(FORMATS), default="gzip", help="of the layers")
    parser.add_argument("--part", type=Path, required=True, help="output: the layer part")
    parser.add_argument("--facts", type=Path, required=True, help="output: JSON")
    parser.add_argument("--libraries", type=Path, required=True, help="output: JSON as that of wheels")
    args = parser.parse_args(arguments)
    base = Base(args.version, args.home)
    made = skeleton(args.prefix, base, read_templates(args.python_layer, base.minor))
    layers = FORMATS[args.compression]
    with whole(args.part, args.facts, args.libraries):
        with naming(args.part), args.part.open("wb") as out, layers.writer(out) as writer:
            write(made, writer)
        described = replace(facts(made, base), spans=layers.spans(writer))
        with naming(args.facts):
            args.facts.write_text(described.dumps(), encoding="utf-8")
        with naming(args.libraries):
            args.libraries.write_text(libraries(made, base).dumps(), encoding="utf-8")


def write(made: Skeleton, writer: EntryWriter) -> None:
    """Writes files and links; folders are the business of the layer that the part gets into."""
    entries = {
        path: (Entry(path.lstrip("/"), Kind.FILE, mode, size=len(data)), data)
        for path, (mode, data) in made.files.items()
    } | {
        path: (Entry(path.lstrip("/"), Kind.SYMLINK, 0o777, link=target), b"")
        for path, target in made.links.items()
    }
    for _, (entry, data) in sorted(entries.items()):
        writer.add(entry, data)


def facts(made: Skeleton, base: Base) -> Facts:
    """What the part has."""
    return Facts(
        source=_source(base),
        files={path.lstrip("/"): File.of(mode, data) for path, (mode, data) in made.files.items()},
        links={path.lstrip("/"): target for path, target in made.links.items()},
        folders=tuple(folder.lstrip("/") for folder in made.folders),
    )


def libraries(made: Skeleton, base: Base) -> Libraries:
    """What the dynamic loader sees of it: no library, and links that paths may go through."""
    return Libraries(_source(base), links=made.links, others=tuple(made.files))


def _source(base: Base) -> str:
    return f"the virtual environment of Python {base.version}"


if __name__ == "__main__":
    run(main)
