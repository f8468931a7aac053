"""Push an image or an index to a registry with crane, by its digest first and then tag by tag.

`bazel run` starts it for an oci_push; the JSON file beside it says which image, repository and tags.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import runfiles
from .errors import ToolError
from .layout import Layout

_GLOBAL_SWITCHES = ("--allow-nondistributable-artifacts", "--insecure", "-v", "--verbose")


@dataclass
class Request:
    """What a command line asks for, on top of the rule's attributes."""

    repository: str = ""
    tags: list[str] = field(default_factory=list)
    global_flags: list[str] = field(default_factory=list)
    push_flags: list[str] = field(default_factory=list)


def parse(args: list[str]) -> Request:
    """Read the command line; what is not ours goes to `crane push`."""
    request = Request()
    rest = iter(args)
    for arg in rest:
        name, has_value, value = arg.partition("=")
        if arg in _GLOBAL_SWITCHES:
            request.global_flags.append(arg)
        elif arg == "--platform":
            request.global_flags += [arg, _value(arg, rest)]
        elif arg in ("-t", "--tag") or (name == "--tag" and has_value):
            request.tags.append(value if has_value else _value(arg, rest))
        elif arg in ("-r", "--repository") or (name == "--repository" and has_value):
            request.repository = value if has_value else _value(arg, rest)
        else:
            request.push_flags.append(arg)
    return request


def _value(flag: str, rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None:
        raise ToolError(f"{flag} needs a value")
    return value


def main(args: list[str]) -> int:
    """Push, then tag; the first failure ends it with crane's exit code."""
    settings = runfiles.settings()
    request = parse(args)
    repository = request.repository or settings["repository"]
    if not repository and settings["repository_file"]:
        repository = runfiles.find(settings["repository_file"]).read_text(encoding="utf-8").replace("\n", "")
    if not repository:
        raise ToolError(
            "no repository to push to", remedy="Set `repository` or pass --repository REGISTRY/NAME."
        )
    tags = list(request.tags)
    if settings["remote_tags"]:
        tags += runfiles.find(settings["remote_tags"]).read_text(encoding="utf-8").split()

    crane = str(runfiles.find(settings["crane"]))
    image = runfiles.find(settings["image"])
    digest = Layout(image).descriptors()[0]["digest"]
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as references:
        command = [
            crane,
            "push",
            *request.global_flags,
            str(image),
            f"{repository}@{digest}",
            *request.push_flags,
        ]
        code = subprocess.run([*command, "--image-refs", references.name], check=False).returncode
        pushed = references.read().strip()
    for tag in tags:
        if code:
            break
        code = subprocess.run([crane, "tag", *request.global_flags, pushed, tag], check=False).returncode
    return code
