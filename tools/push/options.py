"""The command line of push."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PLAN = "IMAGE_PUSH_PLAN"

_ABOUT = """Push images to a registry: what it lacks, by digest first and by tags last.

Layers that several images have go over the wire once, and what the registry has is neither sent nor read. A
push that was interrupted goes on where it was. Logins are those of docker, podman and crane on this machine.
The exit code is 0 only if every tag is at the image that was built."""

_EXAMPLES = """examples (after `bazel run //images:push --`):
  --repository localhost:5000/team
  --repository registry.example/team --tag v1 --dry-run
  --repository https://registry.lab:5000/team --ca lab.pem --json"""

_UNITS = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3}


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    plan: Path
    repository: str | None
    tags: tuple[str, ...]
    stamp: bool
    untagged: bool
    jobs: int
    dry_run: bool
    verify: bool
    json: bool
    mount_from: tuple[str, ...]
    chunk: int
    ca: Path | None
    sign_key: str
    retries: int


def parse(arguments: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Reads the command line; exits with usage and code 2 when it is wrong."""
    parser = _parser()
    given = parser.parse_args(arguments)
    # Bazel starts a program in another folder than the user's.
    folder = Path(environ.get("BUILD_WORKING_DIRECTORY", ""))
    if not given.plan and not environ.get(_PLAN):
        parser.error("nothing to push is named: start it with `bazel run //images:push`, or give --plan FILE")
    return Options(
        plan=folder / given.plan if given.plan else Path(environ[_PLAN]),
        repository=given.repository,
        tags=tuple(given.tag),
        stamp=not given.no_stamp,
        untagged=given.untagged,
        jobs=given.jobs,
        dry_run=given.dry_run,
        verify=given.verify,
        json=given.json,
        mount_from=tuple(given.mount_from),
        chunk=given.chunk_size,
        ca=folder / given.ca if given.ca else None,
        sign_key=_key(folder, given.sign_key),
        retries=given.retries,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="push",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--repository",
        "-r",
        metavar="HOST/PATH",
        help="where to push to, such as registry.example/team; a matrix has repositories below it; "
        "http:// or https:// before it says how to reach the host: else by TLS, but not here",
    )
    add("--tag", "-t", action="append", default=[], help="a further tag; it may be given several times")
    add("--no-stamp", action="store_true", help="no tags of git's branch, commit and version")
    add("--untagged", action="store_true", help="no tag is needed: who pulls knows the digest")
    add("--jobs", "-j", type=_count, default=4, metavar="N", help="uploads at a time (%(default)s)")
    add("--dry-run", "-n", action="store_true", help="ask the registry what it has, and change nothing")
    add(
        "--verify",
        action="store_true",
        help="read back all that the images are made of, and replace what has rotted in the registry",
    )
    add("--json", action="store_true", help="print the result as JSON, in place of the table")
    add(
        "--mount-from",
        action="append",
        default=[],
        metavar="HOST/PATH",
        help="another repository of the registry whose layers to use; it may be given several times",
    )
    add(
        "--chunk-size",
        type=_size,
        default=0,
        metavar="SIZE",
        help="the largest request, such as 50M, where something before the registry has a limit",
    )
    add("--ca", metavar="FILE", help="certificates of a private authority to trust, beside the system's")
    add(
        "--sign-key",
        default="",
        metavar="KEY",
        help="sign with cosign: a file with a private key, env://NAME of a variable with one, or the URI of "
        "a key service; COSIGN_PASSWORD has the password",
    )
    add("--retries", type=_retries, default=7, metavar="N", help="how often to try what fails (%(default)s)")
    add("--plan", metavar="FILE", help="what to push; the target knows")
    return parser


def _key(folder: Path, key: str) -> str:
    """A file's name is the user's; what else a key may be is no path."""
    return str(folder / key) if key and "://" not in key else key


def _count(text: str) -> int:
    return _number(text, 1, 64)


def _retries(text: str) -> int:
    return _number(text, 0, 100)


def _number(text: str, least: int, most: int) -> int:
    if not text.isdigit() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from {least} to {most}")
    return int(text)


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d+)([kMG]?)", text)
    if not found or not int(found[1]):
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 50M")
    return int(found[1]) * _UNITS[found[2]]
