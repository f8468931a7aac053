"""Action VenvPart: one wheel becomes layer parts with its files at their places in a virtual environment.

Bazel runs it once for each wheel and Python; the aspect is //venv/private:venv_part.bzl.

    venv_part --prefix /usr/share/python3/app --python 3.11 --part OUT --facts OUT.json \\
        --libraries OUT.elf.json [--compiler FOLDER --byte-code OUT] X.whl

No program of the wheel runs. What pip would write (scripts of entry points, INSTALLER, byte code) is
written as pip does it; RECORD and REQUESTED come with the layer, which is what they depend on.
"""

import argparse
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tools.byte_code.compiler import Compiler
from tools.common.errors import naming
from tools.common.outputs import whole
from tools.common.worker import run_actions
from tools.layer.formats import FORMATS
from tools.venv_part.libraries import Looker
from tools.venv_part.part import Compiling, write_part
from tools.venv_part.place import Venv


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes the parts of the wheel that Bazel names."""
    parser = argparse.ArgumentParser(prog="venv_part", description="Makes layer parts of a wheel.")
    parser.add_argument("--prefix", required=True, help="the virtual environment's folder in the image")
    parser.add_argument("--python", required=True, help="the Python that it is for: 3.11")
    parser.add_argument("--part", type=Path, required=True, help="output: the layer part with its files")
    parser.add_argument("--facts", type=Path, required=True, help="output: JSON about the parts")
    parser.add_argument("--libraries", type=Path, required=True, help="output: JSON about its ELF files")
    parser.add_argument("--compression", choices=sorted(FORMATS), default="gzip", help="of the layers")
    parser.add_argument(
        "--compiler", type=Path, help="folder with the image's Python, as ByteCompiler makes it"
    )
    parser.add_argument("--byte-code", type=Path, help="output: the layer part with byte code")
    parser.add_argument("wheel", type=Path)
    args = parser.parse_args(arguments)
    if bool(args.compiler) != bool(args.byte_code):
        parser.error("--compiler and --byte-code go together")
    venv = Venv(args.prefix, args.python)
    libraries = Looker()
    outputs = [args.part, args.facts, args.libraries, *([args.byte_code] if args.byte_code else [])]
    with ExitStack() as stack:
        stack.enter_context(whole(*outputs))
        stack.enter_context(naming(args.part))
        compiling = None
        out = stack.enter_context(args.part.open("wb"))
        if args.byte_code:
            byte_code = stack.enter_context(args.byte_code.open("wb"))
            scratch = stack.enter_context(tempfile.TemporaryDirectory(dir=args.part.parent))
            compiling = Compiling(Compiler(args.compiler), byte_code, Path(scratch))
        layers = FORMATS[args.compression]
        facts = write_part(args.wheel, venv, out, libraries, layers=layers, compiling=compiling)
        for path, text in (
            (args.facts, facts.dumps()),
            (args.libraries, libraries.libraries(args.wheel.name).dumps()),
        ):
            with naming(path):
                path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run_actions(main)
