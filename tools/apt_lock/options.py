"""What commands that lock are told of the archives: a snapshot, and the keys to trust."""

import argparse
from pathlib import Path

from tools.apt_lock.mirrors import read_mirrors, snapshot_mirrors
from tools.apt_lock.session import KEYRINGS, Origin
from tools.common.errors import ToolError


def add_origin(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument(
        "--snapshot", metavar="URL", help="lock from this mirror, whose Release files may have expired"
    )
    parser.add_argument(
        "--security-snapshot", metavar="URL", help="its security archive; default: the sibling folder"
    )
    parser.add_argument(
        "--keyring", type=Path, metavar="FILE", help="trust these keys, not the Debian archive's"
    )


def read_origin(args: argparse.Namespace, working: Path, mirrors: Path, command: str) -> Origin:
    """Where to lock from.

    Args:
        args: with the options of `add_origin`.
        working: the folder in which the user is.
        mirrors: what the module extension found out about this machine's mirrors.
        command: what the user has called, for messages.
    """
    snapshot = args.snapshot is not None
    urls = snapshot_mirrors(args.snapshot, args.security_snapshot) if snapshot else read_mirrors(mirrors)
    return Origin(urls, _keyring(args.keyring and working / args.keyring), snapshot, command)


def _keyring(given: Path | None) -> Path:
    for keyring in (given,) if given else KEYRINGS:
        if keyring.is_file():
            return keyring
    raise ToolError(
        f"there is no keyring at {given or KEYRINGS[-1]}, so no signature can be checked",
        remedy="Install the package debian-archive-keyring, or name a keyring with --keyring FILE.",
    )
