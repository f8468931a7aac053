"""Action LayerLibraries: what the dynamic loader would read of the files in some layers, as JSON.

Bazel runs it for each target that makes layers; the aspect is //images/private:layer_libraries.bzl.

    layer_libraries --output LAYER.elf.json LAYER.tar.gz...             (the lowest layer first)

An OCI image layout, which is a folder, stands for the layers of its image. The JSON is that of
tools/elf_scan/facts.py; several layers become what they are when they are stacked. Nothing is unpacked.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.common.errors import naming
from tools.common.outputs import whole
from tools.common.worker import run_actions
from tools.elf_scan.facts import Libraries
from tools.elf_scan.stacked import StackedLibraries
from tools.image_run.layout import open_image, verified
from tools.layer_libraries.scan import scan_layer


def main(arguments: Sequence[str]) -> None:
    """Reads the layers that Bazel names and writes what is in them."""
    parser = argparse.ArgumentParser(prog="layer_libraries", description="Tells which libraries layers have.")
    parser.add_argument("--output", required=True, type=Path, help="output: JSON")
    parser.add_argument("sources", nargs="+", type=Path, help="layers, or a folder: an OCI image layout")
    options = parser.parse_args(arguments)
    found = [libraries for source in options.sources for libraries in read(source)]
    result = found[0] if len(found) == 1 else StackedLibraries(found).merged(options.sources[-1].name)
    with whole(options.output), naming(options.output):
        options.output.write_text(result.dumps(), encoding="utf-8")


def read(source: Path) -> Iterator[Libraries]:
    """What each layer of a source has."""
    if not source.is_dir():
        yield scan_layer(source)
        return
    image = open_image(source)
    for number, layer in enumerate(image.layers, 1):
        yield scan_layer(verified(source, layer, f"layer {number} of {len(image.layers)}"))


if __name__ == "__main__":
    run_actions(main)
