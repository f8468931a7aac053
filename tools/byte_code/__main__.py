"""Action ByteCompiler: an image's Python, made ready to compile modules on the machine that builds.

Bazel runs it for each Python and architecture; the rule is //venv/private:byte_compiler.bzl.

    byte_code --python 3.11 --root OUT PACKAGE.deb ...
"""

import argparse
import shutil
from pathlib import Path

from tools.byte_code.root import build
from tools.common.errors import naming, run


def main() -> None:
    """Makes the folder that Bazel names."""
    parser = argparse.ArgumentParser(prog="byte_code", description="Makes a compiler of modules from .debs.")
    parser.add_argument("--python", required=True, help="the Python: 3.11")
    parser.add_argument("--root", type=Path, required=True, help="output: the folder")
    parser.add_argument("debs", type=Path, nargs="+")
    args = parser.parse_args()
    with naming(args.root):
        args.root.mkdir(exist_ok=True)
        try:
            build(args.debs, args.python, args.root)
        except BaseException:
            shutil.rmtree(args.root)  # half a compiler must not be taken for one
            raise


if __name__ == "__main__":
    run(main)
