"""Finds Debian's main archive among the host's apt sources, so that no mirror is named in this repository.

Reads one-line files (sources.list, *.list) and deb822 files (*.sources). An entry may be the main archive
when it has binary packages, a suite named as one of Debian's own and the component `main`; security, updates
and backports hold a part only. Vendors' archives look the same ("stable main"), so `_signs` counts what only
Debian's has, and the entry with most of it wins.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

# Code names do not change; a new one is added once in two years. Suites named by role are stable for ever.
_SUITES = frozenset(
    "stable oldstable oldoldstable testing unstable sid buster bullseye bookworm trixie forky duke".split()
)


class Source(NamedTuple):
    """One archive of the host: where it is, and the keys that the host trusts for it."""

    uri: str
    suite: str
    signed_by: str  # paths, fingerprints or an armored key block, as in the file
    file: str
    signs: int = 0  # how much speaks for Debian's main archive
    security: str = ""  # where the same host has Debian's security archive


def find(root: str = "/") -> Source | None:
    """Returns the host's entry for Debian's main archive, or None."""
    found: list[Source] = []
    security = ""
    updates: set[str] = (
        set()
    )  # archives that have a suite like bookworm-updates, as only Debian's main archive does
    for path, text in _files(root):
        for entry in _deb822(text) if path.endswith(".sources") else _one_line(text):
            updates.update(entry.uri for suite in entry.suites if suite.endswith("-updates"))
            if "main" not in entry.components:
                continue
            suite = next((suite for suite in entry.suites if suite in _SUITES), None)
            if suite:
                found.append(Source(entry.uri, suite, entry.signed_by, path))
            if any(re.fullmatch(r"(.*)(-security|/updates)", suite) for suite in entry.suites):
                security = security or entry.uri
    rated = [source._replace(signs=_signs(source) + (source.uri in updates)) for source in found]
    best = max(rated, key=lambda source: source.signs, default=None)
    return best._replace(security=security) if best and best.signs else None


def _signs(source: Source) -> int:
    """Counts what speaks for Debian's main archive."""
    return (
        (os.path.basename(source.file) in ("sources.list", "debian.sources"))
        + 2 * source.uri.endswith("/debian")
        + 2 * ("debian-archive-keyring" in source.signed_by)
    )


def _files(root: str) -> Iterator[tuple[str, str]]:
    """Yields (path, text) in the order in which apt reads them."""
    etc = os.path.join(root, "etc/apt")
    paths = [os.path.join(etc, "sources.list")]
    parts = os.path.join(etc, "sources.list.d")
    try:
        names = sorted(os.listdir(parts))
    except OSError:
        names = []
    paths += [os.path.join(parts, name) for name in names if name.endswith((".list", ".sources"))]
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                yield path, stream.read()
        except OSError:
            continue


class _Entry(NamedTuple):
    uri: str
    suites: list[str]
    components: list[str]
    signed_by: str


def _one_line(text: str) -> Iterator[_Entry]:
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<rest>[^#]+)", line)
        rest = match["rest"].split() if match else []
        uri = _usable(rest[0]) if len(rest) > 2 else ""
        if match and uri:
            options = dict(option.partition("=")[::2] for option in (match["options"] or "").split())
            yield _Entry(uri, [rest[1]], rest[2:], options.get("signed-by", ""))


def _deb822(text: str) -> Iterator[_Entry]:
    for fields in _stanzas(text):
        enabled = fields.get("enabled", "yes").lower() not in (
            "no",
            "false",
            "0",
            "off",
            "without",
            "disable",
        )
        if enabled and "deb" in fields.get("types", "").split():
            for uri in filter(None, map(_usable, fields.get("uris", "").split())):
                suites, components = fields.get("suites", "").split(), fields.get("components", "").split()
                yield _Entry(uri, suites, components, fields.get("signed-by", "").strip())


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0] in " \t":
            if name:
                continued = line.strip()
                fields[name] += "\n" + ("" if continued == "." else continued)
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()


def _usable(uri: str) -> str:
    """Returns an address that works outside the host's own apt set-up, or an empty string."""
    scheme = uri.partition(":")[0].lower()
    if scheme.startswith("mirror+file") or (scheme == "mirror" and uri.startswith("mirror:/")):
        return _first_mirror(re.sub(r"^[^:]*:/*", "/", uri))
    return (
        uri.rstrip("/") if scheme in ("http", "https", "file", "copy", "ftp", "tor+http", "tor+https") else ""
    )


def _first_mirror(path: str) -> str:
    """Returns the first address of an apt mirror list (mirror+file: sources)."""
    try:
        with open(path, encoding="utf-8") as stream:
            for line in stream:
                words = line.split("#")[0].split()
                if words:
                    return words[0].rstrip("/")
    except OSError:
        pass
    return ""
