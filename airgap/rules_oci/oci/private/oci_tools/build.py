"""What the actions of the rules run: one subcommand a kind of action."""

from __future__ import annotations

from . import archive, descriptor, digest, image, index, pulled
from .errors import ToolError

_COMMANDS = {
    "archive": archive.main,
    "archive-manifest": archive.main_manifest,
    "descriptor": descriptor.main,
    "digest": digest.main,
    "image": image.main,
    "index": index.main,
    "layout": pulled.main,
}


def main(args: list[str]) -> int:
    """Hand over to a subcommand."""
    if not args or args[0] not in _COMMANDS:
        raise ToolError(f"unknown subcommand {args[:1]}, expected one of {', '.join(_COMMANDS)}")
    return _COMMANDS[args[0]](args[1:])
