"""What of an interpreter goes into which part of an image: //images/policy:interpreter.json for a version."""

from __future__ import annotations

import enum
import fnmatch
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.common.errors import ToolError
from tools.interpreter_layer.strip import without_debug_information

_SHEBANG = re.compile(rb"\A#!\S*/python[0-9.]*(?=\s)")


class Part(enum.StrEnum):
    """Where a file goes."""

    RUNTIME = "runtime"
    DEV = "dev"
    LEAVE_OUT = "leave_out"


@dataclass(frozen=True)
class Rule:
    """A pattern of paths and where they go."""

    part: Part
    pattern: str


@dataclass(frozen=True)
class Link:
    """A symlink of a part; it is there when the interpreter has what it leads to."""

    part: Part
    path: str
    to: str


@dataclass(frozen=True)
class Rewrite:
    """A word that files matching a pattern have, and what stands there in an image."""

    pattern: str
    word: str
    by: str


@dataclass(frozen=True)
class Policy:
    """All of it. `prefix` is the interpreter's place in an image."""

    prefix: str
    licence: str
    rules: tuple[Rule, ...]
    links: tuple[Link, ...]
    rewrites: tuple[Rewrite, ...]
    stripped: tuple[str, ...]
    interpreter: str

    def part(self, path: str) -> Part:
        """Where a file goes; the first rule that matches decides."""
        for rule in self.rules:
            if fnmatch.fnmatchcase(path, rule.pattern):
                return rule.part
        raise ToolError(f"{path}: no rule says where it goes", remedy='Let "*" be the last pattern.')

    def content(self, path: str, content: bytes) -> bytes:
        """The content of a file as an image has it."""
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in self.stripped):
            content = without_debug_information(content)
        if path.startswith("bin/"):
            content = _SHEBANG.sub(f"#!{self.interpreter}".encode(), content)
        for rewrite in self.rewrites:
            if fnmatch.fnmatchcase(path, rewrite.pattern):
                content = _word(rewrite.word).sub(rewrite.by.encode(), content)
        return content


def read_policy(path: Path, python: str, built: str) -> Policy:
    """Reads the policy and fills in the version and the folder that the interpreter was built for."""
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text.replace("{python}", python).replace("{built}", built))
        if data["version"] != 1:
            raise ToolError(f"version {data['version']}, not 1", file=path)
        return Policy(
            prefix=data["prefix"],
            licence=data["licence"],
            rules=tuple(_rule(each) for each in data["rules"]),
            links=tuple(Link(Part(each["part"]), each["link"], each["to"]) for each in data["links"]),
            rewrites=tuple(Rewrite(each["in"], each["replace"], each["by"]) for each in data["rewrites"]),
            stripped=tuple(each["in"] for each in data["without_debug_information"]),
            interpreter=data["shebang"]["interpreter"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ToolError(f"is not a policy for interpreters: {error!r}", file=path) from error


def _rule(data: dict[str, Any]) -> Rule:
    (part,) = data.keys() & set(Part)
    return Rule(Part(part), data[part])


def _word(word: str) -> re.Pattern[bytes]:
    """Finds a word, or the first folder of a path, also behind -I and -L; nothing that merely contains it."""
    before, after = rb"(?:(?<![\w./+-])|(?<=-[IL]))", rb"(?![\w.+-])"
    return re.compile(before + re.escape(word.encode()) + after)
