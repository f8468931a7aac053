"""Action VenvLayer: parts of a virtual environment become one layer.

Bazel runs it for each group of a venv_layer; the rule is //venv/private:venv_layer.bzl. Parts are copied as
they are.

    venv_layer --layer OUT.tar.gz [--descriptor OUT.json --label //:venv_amd64] \\
        [--compression estargz --annotations OUT.json] \\
        --part FACTS.json PART [BYTE_CODE] --requested FACTS.json PART ...
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.common.errors import naming
from tools.common.outputs import whole
from tools.common.worker import run_actions
from tools.layer.descriptor import describe
from tools.layer.formats import FORMATS
from tools.venv_layer.merge import Part, check_size, plan
from tools.venv_layer.write import write
from tools.venv_part.facts import read_facts


def main(arguments: Sequence[str]) -> None:
    """Merges the parts that Bazel names."""
    parser = argparse.ArgumentParser(prog="venv_layer", description="Merges parts into a layer.")
    parser.add_argument("--layer", type=Path, required=True, help="output: the layer")
    parser.add_argument("--descriptor", type=Path, help="output: JSON for rules_oci")
    parser.add_argument("--label", default="", help="who makes it, for the descriptor")
    parser.add_argument("--compression", choices=sorted(FORMATS), default="gzip", help="of layer and parts")
    parser.add_argument("--annotations", type=Path, help="output: JSON for the layer's descriptor")
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
    layers = FORMATS[args.compression]
    parts = [*_parts(args.part, requested=False), *_parts(args.requested, requested=True)]
    # A table of contents without them would have them made up by who reads it.
    planned = plan(parts, all_folders=layers.has_toc)
    check_size(planned, args.layer)
    outputs = list(filter(None, [args.layer, args.descriptor, args.annotations]))
    with (
        whole(*outputs),
        naming(args.layer),
        tempfile.TemporaryDirectory(dir=args.layer.parent) as scratch,
    ):
        annotations = write(planned, args.layer, Path(scratch), layers)
        if args.descriptor:
            args.descriptor.write_text(describe(args.layer, args.label, layers), encoding="utf-8")
        if args.annotations and annotations:
            args.annotations.write_text(annotations.to_json(), encoding="utf-8")


def _parts(files: Sequence[Sequence[Path]], *, requested: bool) -> list[Part]:
    return [
        Part(read_facts(facts), part, byte_code[0] if byte_code else None, requested)
        for facts, part, *byte_code in files
    ]


if __name__ == "__main__":
    run_actions(main)
