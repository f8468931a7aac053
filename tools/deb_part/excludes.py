"""dpkg's path-exclude and path-include rules, decided as dpkg decides them."""

import fnmatch
import json
import re
from dataclasses import dataclass
from pathlib import Path

from tools.common.errors import ToolError


@dataclass(frozen=True)
class Rule:
    """One pattern, to keep or to leave out."""

    include: bool
    pattern: str


@dataclass(frozen=True)
class Excludes:
    """Rules, of which the last one that matches decides, and files whose text is kept as a fact."""

    rules: tuple[Rule, ...]
    extracts: frozenset[str] = frozenset()

    def skips(self, path: str, *, container: bool) -> bool:
        """Whether dpkg leaves out `path` (with its leading slash).

        `container`: it is a directory or a symlink, which stays when an include could name a file below.
        """
        skip = False
        for rule in self.rules:
            if _matches(path, rule.pattern):
                skip = not rule.include
        if skip and container:
            return not any(rule.include and path.startswith(_fixed(rule.pattern)) for rule in self.rules)
        return skip

    def config(self) -> str:
        """The rules as a file of /etc/dpkg/dpkg.cfg.d."""
        return "".join(
            f"path-{'include' if rule.include else 'exclude'} {rule.pattern}\n" for rule in self.rules
        )


def read_excludes(path: Path) -> Excludes:
    """Reads //apt/policy:path-excludes.json."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        rules = tuple(
            Rule("include" in rule, rule.get("include") or rule["exclude"]) for rule in data["rules"]
        )
        return Excludes(rules, frozenset(data.get("extracts", [])))
    except (ValueError, KeyError, TypeError) as error:
        raise ToolError(f"is not a list of path rules: {error!r}", file=path) from error


def _matches(path: str, pattern: str) -> bool:
    """fnmatch(3) without flags, as dpkg calls it: `*` matches slashes too."""
    return fnmatch.fnmatchcase(path, pattern)


def _fixed(pattern: str) -> str:
    """The part of a pattern before its first wildcard, without a slash at the end."""
    return re.split(r"[*?\[\\]", pattern, maxsplit=1)[0].rstrip("/")
