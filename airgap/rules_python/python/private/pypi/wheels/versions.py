"""Versions and their comparison, as PEP 440 defines them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

_VERSION = re.compile(
    r"""\s*v?
    (?:(?P<epoch>[0-9]+)!)?
    (?P<release>[0-9]+(?:\.[0-9]+)*)
    (?:[-_.]?(?P<pre>alpha|beta|preview|pre|a|b|c|rc)[-_.]?(?P<pre_n>[0-9]*))?
    (?:-(?P<post_bare>[0-9]+)|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_n>[0-9]*))?
    (?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_n>[0-9]*))?
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?
    \s*""",
    re.VERBOSE | re.IGNORECASE,
)
_PRE = {"a": "a", "alpha": "a", "b": "b", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc", "rc": "rc"}
_LOWEST: tuple[Any, ...] = (-1,)
_HIGHEST: tuple[Any, ...] = (2,)


class InvalidVersion(ValueError):
    """The text is no version."""


@dataclass(frozen=True)
class Version:
    """A version, taken apart."""

    epoch: int
    release: tuple[int, ...]
    pre: tuple[str, int] | None
    post: int | None
    dev: int | None
    local: tuple[int | str, ...]

    @property
    def public(self) -> Version:
        """The version without its local part."""
        return Version(self.epoch, self.release, self.pre, self.post, self.dev, ())

    @property
    def base(self) -> Version:
        """The final release that this version leads to or follows."""
        return Version(self.epoch, self.release, None, None, None, ())

    @property
    def is_prerelease(self) -> bool:
        """Whether it comes before its final release."""
        return self.pre is not None or self.dev is not None

    def key(self) -> tuple[Any, ...]:
        """A tuple that sorts as versions do."""
        release = list(self.release)
        while len(release) > 1 and release[-1] == 0:
            release.pop()
        pre: tuple[Any, ...] = _HIGHEST
        if self.pre is not None:
            pre = (1, *self.pre)
        elif self.post is None and self.dev is not None:
            pre = _LOWEST
        post = _LOWEST if self.post is None else (1, self.post)
        dev = _HIGHEST if self.dev is None else (1, self.dev)
        local = tuple((1, part) if isinstance(part, int) else (0, part) for part in self.local)
        return (self.epoch, tuple(release), pre, post, dev, local)


def _number(text: str | None) -> int:
    return int(text) if text else 0


def parse(text: str) -> Version:
    """Takes a version apart.

    Raises:
        InvalidVersion: the text is no version.
    """
    match = _VERSION.fullmatch(text)
    if match is None:
        raise InvalidVersion(text)
    post: int | None = None
    if match["post_bare"]:
        post = int(match["post_bare"])
    elif match["post"]:
        post = _number(match["post_n"])
    local = re.split(r"[-_.]", match["local"].lower()) if match["local"] else []
    return Version(
        epoch=_number(match["epoch"]),
        release=tuple(int(part) for part in match["release"].split(".")),
        pre=(_PRE[match["pre"].lower()], _number(match["pre_n"])) if match["pre"] else None,
        post=post,
        dev=_number(match["dev_n"]) if match["dev"] else None,
        local=tuple(int(part) if part.isdigit() else part for part in local),
    )


def _has_prefix(version: Version, prefix: Version) -> bool:
    """Whether `== prefix.*` holds."""
    padded = version.release + (0,) * (len(prefix.release) - len(version.release))
    if prefix.pre is not None or prefix.post is not None:
        same = version.release == prefix.release and version.pre == prefix.pre
        return version.epoch == prefix.epoch and same and (prefix.post is None or version.post == prefix.post)
    return version.epoch == prefix.epoch and padded[: len(prefix.release)] == prefix.release


def _equal(version: Version, wanted: str) -> bool:
    if wanted.endswith(".*"):
        return _has_prefix(version, parse(wanted[:-2]))
    other = parse(wanted)
    return (version if other.local else version.public).key() == other.key()


def _less(version: Version, other: Version) -> bool:
    if other.is_prerelease:
        return version.key() < other.key()
    # What leads up to a version is not "less" than it.
    return version.key() < replace(other, dev=0).key()


def _greater(version: Version, other: Version) -> bool:
    if not version.key() > other.key():
        return False
    same_base = version.base.key() == other.base.key()
    if other.post is None and version.post is not None and same_base:
        return False
    return not (version.local and same_base)


def _compatible(version: Version, other: Version) -> bool:
    if len(other.release) < 2:
        raise InvalidVersion("~= needs a version with at least two numbers")
    series = Version(other.epoch, other.release[:-1], None, None, None, ())
    return version.public.key() >= other.key() and _has_prefix(version, series)


def matches(version: Version, operator: str, wanted: str) -> bool:
    """Whether `version operator wanted` holds, pre-releases included.

    Raises:
        InvalidVersion: `wanted` is no version that the operator can take.
    """
    wanted = wanted.strip()
    if operator in ("==", "!="):
        return _equal(version, wanted) == (operator == "==")
    other = parse(wanted)
    if operator == "<=":
        return version.public.key() <= other.key()
    if operator == ">=":
        return version.public.key() >= other.key()
    if operator == "<":
        return _less(version, other)
    if operator == ">":
        return _greater(version, other)
    if operator == "~=":
        return _compatible(version, other)
    raise InvalidVersion(f"{operator} {wanted}")
