"""Finds the source distribution of a pin among what indexes and folders have, and fetches it by its hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.pip_lock.pip_config import PipConfig
from tools.sdist_fetch import page
from tools.sdist_fetch.web import FetchError, Pin, Unreachable, Web, shown

__all__ = ["FetchError", "Pin", "fetch"]

_ENDINGS = (".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz", ".tar")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Source:
    """Where files are listed: the page of a project in an index, or a page or folder of --find-links."""

    url: str
    index: bool


def canonical(name: str) -> str:
    """The one spelling that indexes compare."""
    return re.sub(r"[-_.]+", "-", name).lower()


def ending(file: str, pin: Pin) -> str:
    """The ending of a file's name if it is the pin's source distribution, else nothing."""
    for end in _ENDINGS:
        if file.lower().endswith(f"-{pin.version}{end}".lower()):
            name = file[: -len(f"-{pin.version}{end}")]
            return end if canonical(name) == canonical(pin.name) else ""
    return ""


def sources(config: PipConfig, name: str, default: str) -> list[Source]:
    """What pip would look at, in its order."""
    indexes = [] if config.no_index else [config.index or default, *config.extra_indexes]
    found = [Source(f"{index.rstrip('/')}/{canonical(name)}/", True) for index in indexes if index]
    for link in config.find_links:
        found.append(Source(link if "://" in link else Path(link).absolute().as_uri(), False))
    return found


def fetch(pin: Pin, config: PipConfig, folder: Path) -> Path:
    """Puts the file into the folder, called NAME-VERSION and its own ending; nothing stays there otherwise.

    Raises:
        FetchError: no index can be reached, none has the file, or it is not the locked one.
    """
    web = Web(config)
    links, unreachable = _links(pin, config, web)
    others: list[str] = []
    for link in sorted(links, key=lambda link: link.sha256 not in pin.hashes):
        if link.sha256 and link.sha256 not in pin.hashes:
            others.append(f"sha256:{link.sha256}")
            continue
        end = ending(unquote(urlsplit(link.url).path).rpartition("/")[2], pin)
        name = re.sub(r"[-_.]+", "_", pin.name).lower()
        target = folder / f"{name}-{pin.version.replace('-', '_')}{end}"
        try:
            got = _download(web, link.url, target)
        except Unreachable as error:
            target.unlink(missing_ok=True)
            unreachable.append(f"{shown(link.url)}: {error}")
            continue
        if got in pin.hashes:
            return target
        target.unlink()
        others.append(f"sha256:{got}")
    if others:
        expected = "".join(f"\n    expected sha256:{value}" for value in sorted(pin.hashes))
        got_lines = "".join(f"\n    got      {value}" for value in dict.fromkeys(others))
        raise pin.error(f"its source distribution is not a locked one{expected}{got_lines}", pin.refreshing())
    if unreachable:
        said = "".join(f"\n    {line}" for line in unreachable)
        raise pin.error(
            f"the package index can't be reached{said}",
            "check the network, the proxy and pip's configuration (`python3 -m pip config list`)",
        )
    raise pin.error(
        "there is no source distribution of it on the index that pip uses",
        "take its wheel (`@HUB//NAME:whl` of a pip hub), or pin a version that has one",
    )


def _links(pin: Pin, config: PipConfig, web: Web) -> tuple[list[page.Link], list[str]]:
    """The links to the pin's source distribution, and what could not be reached."""
    found: list[page.Link] = []
    unreachable: list[str] = []
    default = "" if config.index or config.no_index else web.default_index()
    if not default and not config.index and not config.no_index:
        unreachable.append("pip does not say which index it uses")
    for source in sources(config, pin.name, default):
        try:
            found += _fitting(page.links(source.url, web.get(source.url, listing=True)), pin)
        except Unreachable as error:
            # A folder that pip looks at may well not have the project.
            if not error.absent:
                unreachable.append(f"{shown(source.url)}: {error}")
    return found, unreachable


def _fitting(links: Iterable[page.Link], pin: Pin) -> list[page.Link]:
    return [link for link in links if ending(unquote(urlsplit(link.url).path).rpartition("/")[2], pin)]


def _download(web: Web, url: str, target: Path) -> str:
    digest = hashlib.sha256()
    with web.open(url) as source, target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()
