"""Tags of images: from the stamp of the workspace, from the command line, and from the target itself.

Bazel's workspace status (tools/stamp writes it) says of the checkout

    STABLE_GIT_BRANCH main
    STABLE_GIT_COMMIT 0123...
    STABLE_GIT_VERSION v1.2     (a git tag that is at the commit)

and each becomes a tag, after the prefix that tells the images of a repository apart: 3.11-main,
3.11-cuda13-main.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tools.common.errors import ToolError
from tools.push.plan import Planned
from tools.registry.reference import TAG

_KEYS = ("STABLE_GIT_BRANCH", "STABLE_GIT_COMMIT", "STABLE_GIT_VERSION")
_LONGEST = 128

_NO_TAG = """\
give one: -- --tag NAME, or push by digest alone: -- --untagged
A stamp of git's branch and commit gives tags, too: docs/push.md says how to have one"""


def stamp(status: Path | None) -> list[str]:
    """Branch, commit and version of the checkout, as far as the workspace status has them."""
    if status is None or not status.is_file():
        return []
    said = {}
    for line in status.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(" ")
        said[key] = value.strip()
    return [said[key] for key in _KEYS if said.get(key)]


def tags(image: Planned, stamped: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """The tags of an image, each once, in the order of what says so.

    Args:
        image: the image.
        stamped: what the stamp says; what a tag can't have is replaced.
        given: tags of the command line; a wrong one is an error.
    """
    prefixes = [f"{prefix}-" for prefix in image.prefixes] or [""]
    found = [made_valid(value, prefix) for prefix in prefixes for value in stamped]
    found += [_given(tag, prefix) for prefix in prefixes for tag in given]
    found += [_checked(tag) for tag in image.tags]
    return tuple(dict.fromkeys(found))


def no_tag(image: Planned) -> ToolError:
    """The error for an image that nothing gives a tag."""
    return ToolError("nothing names a tag for it", file=image.name, remedy=_NO_TAG)


def made_valid(value: str, prefix: str = "") -> str:
    """A tag of a name that may have other characters, as feature/x has."""
    text = re.sub(r"[^A-Za-z0-9._]+", "-", value).strip("-.") or "unnamed"
    return (prefix + text)[:_LONGEST]


def _given(tag: str, prefix: str) -> str:
    """A tag of the command line, which must be one without its prefix, too: `3.11-` says nothing."""
    if not tag:
        raise ToolError(
            "--tag is empty", remedy="a variable may not be set: give --tag NAME, or leave --tag out"
        )
    return _checked(prefix + _checked(tag))


def _checked(tag: str) -> str:
    if not TAG.fullmatch(tag):
        raise ToolError(
            f"{tag!r} can't be a tag: those have letters, digits, dots, dashes and underscores, "
            f"begin with none of the dots and dashes, and have at most {_LONGEST} of them",
            remedy=f"{made_valid(tag)} can be one",
        )
    return tag
