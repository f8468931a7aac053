"""Tests that the dynamic loader could load every ELF file of an image; nothing of it is started or unpacked.

Bazel starts it as the executable of the rule link_test (//images/private:link_test.bzl), which names a file
of arguments in the environment (LINK_TEST_ARGUMENTS). By hand:

    python3 -m tools.link_test --image LAYOUT --allowed links.json LAYER.elf.json...      (the lowest first)

The exit code is 0 when all libraries are found and have the symbol versions that are asked of them.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tools.common.errors import ToolError, run
from tools.elf_scan import facts
from tools.elf_scan.ldso import ARCHITECTURES, CACHE
from tools.elf_scan.loader import Loader
from tools.elf_scan.stacked import StackedLibraries
from tools.image_run.layout import Config, open_image
from tools.ld_cache.read import read_cache
from tools.lib_closure.closure import excused
from tools.link_test.allowed import read_allowed
from tools.link_test.check import Problem, Result, check

_MOST = 50
_REMEDY = """\
Install the Debian package that has the library, or the wheel that brings it. What is rightly not found, for
the file is never loaded here, goes into a file of exceptions with the reason: `allowed` of the test."""


def main() -> int:
    """Tests the image that the arguments name."""
    listed = os.environ.get("LINK_TEST_ARGUMENTS")
    parser = argparse.ArgumentParser(
        prog="link_test", description="Tests that an image links.", fromfile_prefix_chars="@"
    )
    parser.add_argument("--image", required=True, type=Path, help="the image: an OCI layout")
    parser.add_argument("--allowed", action="append", default=[], type=Path, help="exceptions: JSON")
    parser.add_argument("--closure", type=Path, help="the library closure of the image's environment")
    parser.add_argument(
        "libraries", nargs="+", type=Path, help="what the layers have: JSON, the lowest first"
    )
    options = parser.parse_args(sys.argv[1:] or ([f"@{listed}"] if listed else []))
    entries = read_allowed(options.allowed)
    told = excused(options.closure) if options.closure else {}

    def why(problem: Problem) -> str:
        known = "" if problem.found else told.get((problem.chain[-1], problem.name), "")
        return known or next((entry.why for entry in entries if entry.allows(problem)), "")

    config = open_image(options.image).config
    stack = StackedLibraries(facts.read(path) for path in options.libraries)
    result = check(stack, loader(stack, config), machine(config))
    lines, failed = report(result, why)
    for line in lines:
        print(line)
    return int(failed)


def loader(stack: StackedLibraries, config: Config) -> Loader:
    """The loader of an image: with its ld.so.cache, and LD_LIBRARY_PATH of its programs."""
    env = dict(each.partition("=")[::2] for each in config.env)
    cache = stack.content(CACHE)
    known = {} if cache is None else read_cache(cache, machine(config))
    return Loader(stack, env.get("LD_LIBRARY_PATH", ""), known)


def machine(config: Config) -> tuple[int, int]:
    """The image's machine, as ELF files state it."""
    name = config.platform.removeprefix("linux/").partition("/")[0]
    if name not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise ToolError(f"the image is for {config.platform}; images for {known} can be tested")
    return ARCHITECTURES[name]


def report(result: Result, why: Callable[[Problem], str]) -> tuple[list[str], bool]:
    """What is to be said of the result, and whether the test fails.

    Args:
        result: the result.
        why: the reason for which a problem is none; empty for one that is.
    """
    reasons = Counter(filter(None, map(why, result.problems)))
    problems = [problem for problem in result.problems if not why(problem)]
    lines = [f"{result.files} files, {result.edges} libraries that they need"]
    if result.foreign:
        lines.append(f"{len(result.foreign)} files are for another machine, such as {result.foreign[0]}")
    if result.broken:
        path, reason = next(iter(result.broken.items()))
        lines.append(
            f"{len(result.broken)} files are broken, so that nothing can load them, such as {path} ({reason})"
        )
    lines += [f"{count} not found or not fitting, rightly: {reason}" for reason, count in reasons.items()]
    return lines + list(_failure(problems)), bool(problems)


def _failure(problems: Sequence[Problem]) -> Iterator[str]:
    if problems:
        yield f"error: {len(problems)} libraries are not found, or lack symbol versions"
        yield from (f"  {problem}" for problem in problems[:_MOST])
        if len(problems) > _MOST:
            yield f"  ... and {len(problems) - _MOST} more"
        yield _REMEDY


if __name__ == "__main__":
    run(main)
