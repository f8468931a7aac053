"""Action LibraryClosure: which libraries the environment of an image needs, and whether the image has them.

Bazel runs it for each image and architecture; the rule is //images/private:library_closure.bzl.

    lib_closure --name //app:train_py311 --arch amd64 --base LAYER.elf.json... [--added LAYER.elf.json] \\
        --wheel X.elf.json... --suite bookworm --sonames SUITE.sonames.json... \\
        --hints HINTS.json... --closure OUT.json

    lib_closure --check --name //app:train_py311 --closure CLOSURE.json [--pkgdeps NAME.pkgdeps.json] \\
        --update COMMAND [--kind elf|apt] [--duplicates-are-errors] --ok OUT

The first writes what it found and fails for nothing that it finds; the second is the validation, so that
whoever asks why (`NAME_why`) is answered for an image that cannot be built, too.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tools.common.errors import naming, run
from tools.common.outputs import whole
from tools.elf_scan import facts
from tools.lib_closure.analyse import analyse
from tools.lib_closure.check import Check, check
from tools.lib_closure.closure import load
from tools.lib_closure.hints import read_hints
from tools.lib_closure.image import Image
from tools.sonames.index import Sonames, natural


def main(arguments: Sequence[str] | None = None) -> None:
    """Does what the arguments say."""
    parser = argparse.ArgumentParser(
        prog="lib_closure", description="Resolves the libraries of an image.", fromfile_prefix_chars="@"
    )
    parser.add_argument("--name", required=True, help="the image, for messages")
    parser.add_argument("--check", action="store_true", help="validate a closure that was written before")
    parser.add_argument("--arch", help="Debian's name of the architecture")
    parser.add_argument(
        "--base", type=Path, action="append", default=[], help="facts, the lowest layer first"
    )
    parser.add_argument("--added", type=Path, action="append", default=[], help="facts of packages on it")
    parser.add_argument("--wheel", type=Path, action="append", default=[], help="facts of the environment")
    parser.add_argument("--suite", help="the Debian suite whose packages there are")
    parser.add_argument("--sonames", type=Path, action="append", default=[], help="the indexes of all suites")
    parser.add_argument("--hints", type=Path, action="append", default=[])
    parser.add_argument("--closure", type=Path, required=True, help="output, or what to check")
    parser.add_argument("--pkgdeps", type=Path, help="the packages that were committed; none without")
    parser.add_argument("--kind", choices=["elf", "apt"], default="elf", help="which closure the image has")
    parser.add_argument("--update", default="", help="the command that writes --pkgdeps")
    parser.add_argument("--duplicates-are-errors", action="store_true")
    parser.add_argument("--ok", type=Path, help="output: says that all is well")
    options = parser.parse_args(arguments)
    if options.check:
        how = Check(options.name, options.kind, options.update, options.duplicates_are_errors)
        check(load(options.closure), options.pkgdeps, how)
        output, text = options.ok, "ok\n"
    else:
        base, added, wheels = (
            tuple(map(facts.read, paths)) for paths in (options.base, options.added, options.wheel)
        )
        image = Image(options.arch, base, added, wheels)
        indexes = sorted(map(Sonames.load, options.sonames), key=lambda index: natural(index.release))
        found = analyse(
            image,
            next(index for index in indexes if index.suite == options.suite),
            read_hints(options.hints),
            {index.suite: index.symbol_versions for index in indexes},
        )
        output, text = options.closure, found.dumps()
    with whole(output), naming(output):
        output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run(main)
