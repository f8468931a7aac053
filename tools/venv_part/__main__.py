"""Action VenvPart: one wheel becomes a layer part with its files at their places in a virtual environment.

Bazel runs it once for each wheel and Python; the aspect is //venv/private:venv_part.bzl.

    venv_part --prefix /usr/share/python3/app --python 3.11 --part OUT --facts OUT.json [--requested] X.whl

No program of the wheel runs. What pip would write (scripts of entry points, INSTALLER, RECORD) is written as
pip does it; the byte code that it would compile is not made.
"""

import argparse
from pathlib import Path

from tools.common.errors import naming, run
from tools.venv_part.part import write_part
from tools.venv_part.place import Venv


def main(arguments: list[str] | None = None) -> None:
    """Makes the part of the wheel that Bazel names."""
    parser = argparse.ArgumentParser(prog="venv_part", description="Makes a layer part of a wheel.")
    parser.add_argument("--prefix", required=True, help="the virtual environment's folder in the image")
    parser.add_argument("--python", required=True, help="the Python that it is for: 3.11")
    parser.add_argument("--requested", action="store_true", help="the wheel was asked for by name")
    parser.add_argument("--part", type=Path, required=True, help="output: the layer part")
    parser.add_argument("--facts", type=Path, required=True, help="output: JSON")
    parser.add_argument("wheel", type=Path)
    args = parser.parse_args(arguments)
    venv = Venv(args.prefix, args.python)
    with naming(args.part), args.part.open("wb") as out:
        facts = write_part(args.wheel, venv, out, requested=args.requested)
    args.facts.write_text(facts.dumps(), encoding="utf-8")


if __name__ == "__main__":
    run(main)
