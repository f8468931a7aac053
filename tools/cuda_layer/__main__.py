"""Makes an image layer of NVIDIA's CUDA libraries from their wheels, laid out as in NVIDIA's own images.

Bazel runs it as the action CudaLayer of cuda_runtime_layer (images/private/cuda_layer.bzl):

    cuda_layer --arch amd64 --output OUT.tar.gz [--toolkit RUNTIME.whl] WHEEL.whl...

Without --toolkit one of the wheels must be the CUDA runtime itself; then the layer has the loader's
configuration and the alternatives as well. With --toolkit the layer has the libraries of the wheels only and
lies upon the layer of that runtime.
"""

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from tools.common.errors import ToolError, run
from tools.cuda_layer.layout import MACHINES, RUNTIME, Item, configuration, libraries, toolkit
from tools.layer.part import PartWriter, write_layer
from tools.layer.tar import Kind
from tools.wheel.splice import add_member
from tools.wheel.wheel import Wheel


def main(arguments: list[str] | None = None) -> None:
    """Parses the arguments and makes the layer."""
    parser = argparse.ArgumentParser(
        prog="cuda_layer", description="Makes a layer of CUDA libraries from wheels."
    )
    parser.add_argument("--arch", required=True, choices=sorted(MACHINES))
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--toolkit", type=Path, help="wheel of the CUDA runtime in a layer below")
    parser.add_argument("wheels", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        wheels = [stack.enter_context(Wheel.open(path)) for path in options.wheels]
        below = stack.enter_context(Wheel.open(options.toolkit)) if options.toolkit else None
        items = plan(wheels, below, options.arch)
        try:
            with options.output.open("wb") as out:
                write(items, out)
        except BaseException:
            options.output.unlink(missing_ok=True)
            raise


def plan(wheels: list[Wheel], below: Wheel | None, arch: str) -> list[Item]:
    """Everything that the layer will have, sorted by path."""
    kit = toolkit(below or next((wheel for wheel in wheels if RUNTIME.fullmatch(wheel.name)), wheels[0]))
    items = {} if below else {item.entry.path: item for item in configuration(kit, arch)}
    for wheel in wheels:
        for item in libraries(wheel, kit, arch):
            other = items.setdefault(item.entry.path, item)
            if other.entry != item.entry or (item.entry.kind is Kind.FILE and other is not item):
                raise ToolError(f"{item.entry.path} comes from another wheel too", file=wheel.path)
    return [items[path] for path in sorted(items)]


def write(items: list[Item], out: BinaryIO) -> None:
    """Writes the layer; what it takes of the wheels is compared with their RECORDs."""
    with PartWriter(out) as writer:
        for item in items:
            if item.wheel is None:
                writer.add(item.entry, item.data)
            else:
                add_member(writer, item.entry, item.wheel.member(item.member))
    write_layer([], out)


if __name__ == "__main__":
    run(main)
