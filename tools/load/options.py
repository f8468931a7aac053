"""The command line of load, and what the rule image_load says in the environment."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.load.runtimes import NAMES

LAYOUT, TAGS, TARGET, SHELL = "LOAD_LAYOUT", "LOAD_TAGS", "LOAD_TARGET", "LOAD_SHELL"

_ABOUT = """Load an image into Docker or podman, whichever answers on this machine.

Only layers that the engine lacks are sent: it pulls from a registry that this program is on 127.0.0.1 for the
moment. An engine on another machine gets the whole image as an archive."""

_EXAMPLES = """examples (after `bazel run //images:NAME_load --`):
  --runtime podman
  --tag train:dev --tag train:latest"""

# [HOST[:PORT]/]PATH[:TAG], as both engines take it.
_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_HOST = r"(?:(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?::\d+)?|[A-Za-z0-9-]+:\d+|localhost)"
_NAME = re.compile(rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::{_TAG})?")


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    layout: Path
    tags: tuple[str, ...]
    runtime: str | None = None
    platform: str | None = None
    target: str = ""
    shell: str = ""


def parse(arguments: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Reads the command line; exits with usage and code 2 when it is wrong.

    Bazel starts a program in another folder than the user's and names that one in
    BUILD_WORKING_DIRECTORY: relative paths that the user gives are meant from there.
    """
    parser = argparse.ArgumentParser(
        prog="load",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--runtime", choices=NAMES, help="the engine to load into (default: the first of these that answers)"
    )
    parser.add_argument(
        "--tag",
        metavar="NAME[:TAG]",
        action="append",
        type=_name,
        help="the image's name in the engine, in place of the target's own; may be given several times",
    )
    parser.add_argument(
        "--platform",
        metavar="OS/ARCH",
        help="which image of an index (default: this machine's)",
    )
    parser.add_argument("--layout", metavar="DIR", help="the OCI image layout (default: the target's image)")
    given = parser.parse_args(arguments)
    if not given.layout and LAYOUT not in environ:
        parser.error("no image is named: start it with `bazel run //images:NAME_load`, or give --layout DIR")
    tags = given.tag or environ.get(TAGS, "").split()
    if not tags:
        parser.error("the image has no name: give --tag NAME:TAG")
    folder = Path(environ.get("BUILD_WORKING_DIRECTORY", ""))
    return Options(
        layout=folder / given.layout if given.layout else Path(environ[LAYOUT]),
        tags=tuple(dict.fromkeys(tag if _has_tag(tag) else f"{tag}:latest" for tag in tags)),
        runtime=given.runtime,
        platform=given.platform,
        target=environ.get(TARGET, ""),
        shell=environ.get(SHELL, ""),
    )


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of an image, such as team/train:dev")
    return text


def _has_tag(name: str) -> bool:
    return ":" in name.rpartition("/")[2]
