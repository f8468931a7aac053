"""The command line of image_run: its own options, then the command for the image."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError
from tools.image_run.sandbox import Bind

_LAYOUT = "IMAGE_RUN_LAYOUT"

_ABOUT = """Start a program in an OCI image with bubblewrap: no container engine, no daemon, no root needed.

By default the program may write anywhere, and what it wrote is gone when it ends; it has no network.
Without a command the image's own is started, or else a shell.

Installing packages takes root on this machine too: apt and dpkg become other users and give files away,
and who is not root has only one user's number to offer them."""

_EXAMPLES = """examples (after `bazel run //images:NAME_shell --`):
  python3.11 -c 'import sys; print(sys.version)'
  --read-only --bind "$PWD:/srv:ro" -- python3.11 /srv/app.py
  --network host --user 1000 -- bash"""


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    layout: Path
    command: tuple[str, ...]
    platform: str | None = None
    root: Path | None = None
    bwrap: str | None = None
    read_only: bool = False
    network: bool = False
    user: str | None = None
    workdir: str | None = None
    entrypoint: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    binds: tuple[Bind, ...] = ()


def parse(arguments: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Reads the command line; exits with usage and code 2 when it is wrong.

    Bazel starts a program in another folder than the user's and names that one in
    BUILD_WORKING_DIRECTORY: relative paths that the user gives are meant from there.
    """
    parser = _parser(environ)
    folder = Path(environ.get("BUILD_WORKING_DIRECTORY", ""))
    cut = _start_of_command(parser, arguments)
    given = parser.parse_args(arguments[:cut])
    rest = tuple(arguments[cut:])
    if not given.layout and _LAYOUT not in environ:
        parser.error("no image is named: start it with `bazel run //images:NAME_shell`, or give --layout DIR")
    return Options(
        layout=folder / given.layout if given.layout else Path(environ[_LAYOUT]),
        command=rest[1:] if rest[:1] == ("--",) else rest,
        platform=given.platform,
        root=folder / given.root if given.root else None,
        bwrap=given.bwrap,
        read_only=given.read_only,
        network=given.network == "host",
        user=given.user,
        workdir=given.workdir,
        entrypoint=given.entrypoint,
        env=tuple(_variable(each, environ) for each in given.env),
        binds=tuple(_bind(each, folder) for each in given.bind),
    )


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="image_run",
        usage="%(prog)s [options] [--] [COMMAND [ARGUMENT...]]",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--layout", metavar="DIR", help="the OCI image layout to start (default: the target's image)"
    )
    parser.add_argument(
        "--platform", metavar="OS/ARCH", help="which image of an index (default: this machine's)"
    )
    parser.add_argument("--read-only", action="store_true", help="let the program write to /tmp only")
    parser.add_argument(
        "--network",
        choices=("none", "host"),
        default="none",
        help="none (default), or this machine's network",
    )
    parser.add_argument(
        "--bind",
        metavar="SRC:DST[:ro]",
        action="append",
        default=[],
        help="show a file or folder of this machine at DST",
    )
    parser.add_argument(
        "--env",
        metavar="NAME[=VALUE]",
        action="append",
        default=[],
        help="set a variable, or pass on the caller's",
    )
    parser.add_argument(
        "--user", metavar="USER[:GROUP]", help="run as this user of the image, by name or number"
    )
    parser.add_argument("--workdir", metavar="DIR", help="start in this directory of the image")
    parser.add_argument("--entrypoint", metavar="PROGRAM", help="replace the image's entrypoint; '' for none")
    parser.add_argument(
        "--root",
        metavar="DIR",
        help="unpack into this new folder, not the user's cache, and keep there what the program writes",
    )
    parser.add_argument(
        "--bwrap",
        metavar="FILE",
        default=environ.get("IMAGE_RUN_BWRAP"),
        help="bubblewrap (default: the toolchain's, else the one on PATH)",
    )
    return parser


def _start_of_command(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """The index of `--` or of the first argument that is neither an option nor an option's value."""
    takes_value = {
        name for action in parser._actions if action.nargs is None for name in action.option_strings
    }
    index = 0
    while index < len(arguments):
        each = arguments[index]
        if each == "--" or not each.startswith("-"):
            break
        index += 2 if each in takes_value else 1
    return min(index, len(arguments))


def _variable(text: str, environ: Mapping[str, str]) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name:
        raise ToolError(f"--env {text!r} has no name", remedy="--env NAME=VALUE")
    return name, value if equals else environ.get(name, "")


def _bind(text: str, folder: Path) -> Bind:
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    if not source or not target.startswith("/") or mode not in ("", "ro", "rw"):
        raise ToolError(
            f"cannot understand --bind {text!r}", remedy="--bind SRC:DST or SRC:DST:ro, DST from /"
        )
    return Bind(folder / source, target, mode == "ro")
