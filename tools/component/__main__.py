"""Action Component: what is known of one thing that images are made of becomes a small JSON file.

Bazel runs it once for each .deb, wheel and layer of plain files; the aspect is
//images/private:image_components.bzl.

    component --output OUT.json --deb FACTS.json --part X.part.tar.gz --sha256 HEX
    component --output OUT.json --name images/base:rootfs WHEEL|LAYER|LAYOUT ...
    component --output OUT.json --status STATUS [--of COMPONENTS.json ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from tools.common.errors import naming
from tools.common.worker import run_actions
from tools.component import debs, others, record, wheels
from tools.component.record import Component


def main(arguments: Sequence[str]) -> None:
    """Looks at what Bazel names."""
    parser = argparse.ArgumentParser(prog="component", description="Tells what images are made of.")
    parser.add_argument("--output", type=Path, required=True, help="output: JSON")
    parser.add_argument("--deb", type=Path, help="facts of a .deb, as //tools/deb_part writes them")
    parser.add_argument("--part", type=Path, help="the layer part of it")
    parser.add_argument("--sha256", help="its hash, which was checked")
    parser.add_argument("--status", type=Path, help="dpkg's status file")
    parser.add_argument("--of", type=Path, action="append", help="components: those that are installed stay")
    parser.add_argument("--interpreter", help="version of the Python in the layer")
    parser.add_argument("--sdist", default="", help="the source distribution that the wheel was built from")
    parser.add_argument("--name", default="", help="what a layer or image is called")
    parser.add_argument("files", type=Path, nargs="*", help="wheels, layers, folders with an image")
    args = parser.parse_args(arguments)
    if args.deb and not (args.sha256 and args.part):
        parser.error("--deb wants --part and --sha256")
    with naming(args.output):
        args.output.write_text(record.dumps(_components(args)), encoding="utf-8")


def _components(args: argparse.Namespace) -> list[Component]:
    if args.deb:
        return [debs.of_deb(args.deb, args.part, args.sha256)]
    if args.of:
        return debs.chosen([each for path in args.of for each in record.read(path)], args.status)
    if args.status:
        return list(debs.installed(args.status))
    if args.interpreter is not None:
        return [others.of_interpreter(args.interpreter, path) for path in args.files]
    layers = [path for path in args.files if not path.is_dir() and path.suffix != ".whl"]
    found = others.of_files(args.name, layers)
    found += [wheels.of_wheel(path, args.sdist) for path in args.files if path.suffix == ".whl"]
    return found + [others.of_image(args.name, path) for path in args.files if path.is_dir()]


if __name__ == "__main__":
    run_actions(main)
