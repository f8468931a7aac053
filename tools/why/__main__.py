"""Says why a library or a package is in an image; `bazel run NAME_why` starts it.

Bazel says what the image is called, where its library closure is, and maybe a lock that knows the sizes of
packages, by `--name`, `--closure` and `--lock` or by the variables WHY_NAME, WHY_CLOSURE and WHY_LOCK; the
rule is //images/private:why.bzl.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.common.errors import ToolError, naming, run
from tools.common.outputs import whole
from tools.common.parsing import Parsing
from tools.lib_closure.closure import load
from tools.why import machine
from tools.why.graph import graph
from tools.why.index import Index, Match
from tools.why.report import answer, duplicates, overview
from tools.why.svg import drawn
from tools.why.table import count

_DESCRIPTION = """\
Say why a library or a package is in the image, and who needs it. Without NAME: the packages on top of the
base, where libraries come from, and what is wrong."""

_EPILOG = """\
NAME is any of these, with * if you like:
  libgomp1              a Debian package, of the base or on top of it
  libgomp.so.1          a library, as files need it
  lightgbm              a distribution: also all that it needs from others
  cv2/cv2.abi3.so       a file, relative to site-packages or as it is in the image

A chain reads from what you asked for to the distribution that you locked:
  libglx0 1.6.0-1 <- libgl1 1.6.0-1: libGL.so.1 NEEDED libGLX.so.0 <- opencv-python 4.10.0.84: cv2/cv2.abi3.so
  NEEDED libGL.so.1

exit codes:
  0    all names are there
  1    a name is nowhere in the image
  2    malformed arguments
  130  interrupted with Ctrl-C

examples:
  bazel run //app:train_py311_why
  bazel run //app:train_py311_why -- libgomp1 'libX*.so.*'
  bazel run //app:train_py311_why -- --all libstdc++6
  bazel run //app:train_py311_why -- --graph                    # train_py311.svg, where you are
  bazel run //app:train_py311_why -- libgl1 --graph gl.svg      # what leads to libgl1
  bazel run //app:train_py311_why -- --duplicates
  bazel run //app:train_py311_why -- --json libgomp1 | jq .answers
"""

_DEFAULT = "NAME.svg"
_CHAIN = " <- "


def main(arguments: Sequence[str] | None = None) -> int:
    """Answers; returns the exit code."""
    options = _parser().parse_args(arguments)
    if options.graph is not None:
        # `--graph libgomp1 picture.svg` is about libgomp1.
        words = [*options.names, *([] if options.graph == _DEFAULT else [options.graph])]
        options.names = [word for word in words if not word.endswith(".svg")]
        options.graph = next((word for word in words if word.endswith(".svg")), _DEFAULT)
    if not options.closure:
        raise ToolError("it is not known which image", remedy="Start it with: bazel run NAME_why")
    index = Index(load(Path(options.closure)))
    sizes = _sizes(options.lock, index.closure.arch) if options.lock else {}
    asked = [(text, index.matches(text)) for text in options.names]
    if options.json:
        print(machine.dumps(index, options.name, sizes, asked))
    elif options.duplicates:
        print("\n".join(duplicates(index.closure)))
    elif options.graph is None:
        print("\n".join(_text(index, options.name, sizes, asked, everything=options.all)))
    if options.graph is not None and all(matches for _, matches in asked):
        _draw(index, options, [match for _, matches in asked for match in matches])
    nowhere = [text for text, matches in asked if not matches]
    if nowhere:
        raise _unknown(index, options.name, nowhere)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bazel run NAME_why --",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to explain")
    parser.add_argument("--all", action="store_true", help="print each chain, not one for many of a kind")
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--json", action="store_true", help="print JSON; tools/why/machine.py says what is in it"
    )
    output.add_argument(
        "--duplicates", action="store_true", help="list libraries that are there more than once"
    )
    output.add_argument(
        "--graph",
        nargs="?",
        const=_DEFAULT,
        metavar="FILE.svg",
        help="draw who needs what, or what leads to NAME; as IMAGE.svg where you are if FILE is not given",
    )
    environ = os.environ
    parser.add_argument("--name", default=environ.get("WHY_NAME", "the image"), help=argparse.SUPPRESS)
    parser.add_argument("--closure", default=environ.get("WHY_CLOSURE"), help=argparse.SUPPRESS)
    parser.add_argument("--lock", type=Path, default=environ.get("WHY_LOCK"), help=argparse.SUPPRESS)
    return parser


def _text(
    index: Index,
    name: str,
    sizes: Mapping[str, int],
    asked: Sequence[tuple[str, list[Match]]],
    *,
    everything: bool,
) -> list[str]:
    if not asked:
        return list(overview(index, name, sizes))
    matches = dict.fromkeys(match for _, matches in asked for match in matches)
    lines: list[str] = []
    seen: set[str] = set()
    for match in matches:
        for line in answer(index, match, everything=everything):
            # A package and its library have the same chains.
            if not (_CHAIN in line and line in seen):
                lines.append(line)
            seen.add(line)
    return lines


def _draw(index: Index, options: argparse.Namespace, matches: list[Match]) -> None:
    short = options.name.rpartition("/")[2].rpartition(":")[2] or "image"
    given = f"{short}.svg" if options.graph == _DEFAULT else options.graph
    path = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), given)
    names = f": {', '.join(options.names)}" if options.names else ""
    title = f"{options.name} ({index.closure.arch}){names}"
    with whole(path), naming(path):
        path.write_text(drawn(graph(index, matches), title), encoding="utf-8")
    print(path)


def _sizes(lock: Path, arch: str) -> dict[str, int]:
    """The sizes of packages, from a lock of //apt:lock."""
    with Parsing("is no lock of packages", lock):
        packages = json.loads(lock.read_text(encoding="utf-8"))["packages"].get(arch, {})
        return {name: int(package["size"]) for name, package in packages.items()}


def _unknown(index: Index, name: str, nowhere: list[str]) -> ToolError:
    close = list(dict.fromkeys(each for text in nowhere for each in index.close(text)))
    packages, distributions = len(index.packages), len(index.distributions)
    counts = f"{count(packages, 'package')}, {count(distributions, 'distribution')}"
    counts += f" and {count(len(index.sonames), 'library', 'libraries')}"
    remedy = f"Close to it: {', '.join(close)}\n" if close else ""
    return ToolError(
        f"{name} has no package, library, file or distribution with libraries called {', '.join(nowhere)}",
        remedy=f"{remedy}It has {counts}; --json lists the packages, and '*' matches all.",
    )


if __name__ == "__main__":
    run(main)
