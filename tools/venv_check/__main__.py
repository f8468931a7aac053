"""Validation action VenvCheck: whether the parts of a virtual environment go together and fit the image.

Bazel runs it for each venv_layer; the rule is //venv/private:venv_layer.bzl. OUT is an empty file.

    venv_check --version 3.11.2 --arch amd64 [--glibc 2.36] [--allow PATTERN] --ok OUT FACTS.json ...
"""

import argparse
from pathlib import Path

from tools.common.errors import raise_all, run
from tools.venv_check.check import Policy, problems
from tools.venv_check.tags import Target
from tools.venv_part.facts import read_facts


def main(arguments: list[str] | None = None) -> None:
    """Checks the parts that Bazel names."""
    parser = argparse.ArgumentParser(
        prog="venv_check", description="Checks that wheels go together.", fromfile_prefix_chars="@"
    )
    parser.add_argument("--version", required=True, help="Python's version in full: 3.11.2")
    parser.add_argument("--arch", required=True, help="Debian's name of the architecture")
    parser.add_argument("--glibc", default="", help="the version of the image's glibc, if it is known")
    parser.add_argument(
        "--allow", action="append", default=[], help="path that may be in two wheels and differ"
    )
    parser.add_argument("--ok", type=Path, required=True, help="output: an empty file")
    parser.add_argument("facts", type=Path, nargs="+")
    args = parser.parse_args(arguments)
    target = Target(".".join(args.version.split(".")[:2]), args.arch, args.glibc)
    policy = Policy(args.version, target, tuple(args.allow))
    raise_all(problems([read_facts(path) for path in args.facts], policy))
    args.ok.touch()


if __name__ == "__main__":
    run(main)
