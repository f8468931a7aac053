"""Reads the page of a project in an index: HTML, or JSON (the simple repository API), or a list of files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

_SHA256 = re.compile(r"sha256=([0-9a-f]{64})")


@dataclass(frozen=True)
class Link:
    """A file, and its hash as far as the page says it."""

    url: str
    sha256: str = ""


@dataclass(frozen=True)
class Page:
    """What was got, and how it is to be read: `json`, `html`, or `files`, one URL a line."""

    kind: str
    url: str
    text: str


def links(url: str, page: Page) -> list[Link]:
    """All links of a page that was found at a URL, with fragments taken off."""
    base = page.url or url
    if page.kind == "files":
        return [Link(line) for line in page.text.splitlines()]
    if page.kind == "json":
        return _from_json(base, page.text)
    parser = _Anchors()
    parser.feed(page.text)
    found = []
    for href in parser.hrefs:
        target, fragment = urldefrag(urljoin(urljoin(base, parser.base), href))
        match = _SHA256.search(fragment)
        found.append(Link(target, match[1] if match else ""))
    return found


def _from_json(base: str, text: str) -> list[Link]:
    try:
        files = json.loads(text)["files"]
        return [
            Link(
                urldefrag(urljoin(base, str(each["url"])))[0],
                str((each.get("hashes") or {}).get("sha256", "")),
            )
            for each in files
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


class _Anchors(HTMLParser):
    """Collects what anchors refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if href and tag == "a":
            self.hrefs.append(href)
        elif href and tag == "base":
            self.base = href
