"""What refers to an image: SBOMs, provenance, signatures (distribution-spec 1.1).

A registry that knows of referrers lists them by its own interface. For others there is a tag, `sha256-HEX` of
the subject, with an index of them that whoever adds one maintains.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Sequence
from typing import Any

from tools.registry.client import INDEXES, Registry, json_of
from tools.registry.layout import Node
from tools.registry.problem import Answer, RegistryError, refused

_ACCEPT = INDEXES[0]
_SUBJECT_HEADER = "OCI-Subject"
_NEXT = re.compile(r'<([^>]*)>[^,]*;\s*rel="?next"?(?=\s*(?:[;,]|$))')


def listed(registry: Registry, subject: str) -> list[dict[str, Any]]:
    """Descriptors of what refers to a manifest."""
    what = f"list what refers to {registry.reference.at(subject)}"
    answer = registry.request("GET", f"/referrers/{subject}", what=what, accept=_ACCEPT)
    if answer.status not in (200, 400, 404, 405, 501):
        raise refused(what, answer, registry.host)
    if answer.status != 200 or not answer.header("Content-Type").startswith(_ACCEPT):
        return _by_tag(registry, subject)
    found = _descriptors(answer, what, registry)
    asked = {answer.url}
    while (page := _next(answer)) and page not in asked:
        asked.add(page)
        answer = registry.request("GET", page, what=what, accept=_ACCEPT)
        if answer.status != 200:
            raise refused(what, answer, registry.host)
        found += _descriptors(answer, what, registry)
    return found


def put(registry: Registry, nodes: Sequence[Node]) -> None:
    """Stores manifests that have one subject, whose blobs are there, and sees to it that they are listed."""
    unlisted = []
    for node in nodes:
        answer = registry.put_manifest(node.digest, node.content, node.media_type)
        if not answer.header(_SUBJECT_HEADER):
            unlisted.append(node)
    if not unlisted:
        return
    subject = unlisted[0].subject
    # The tag is read and written back: of two threads that do so at once, one would undo the other's work.
    with registry.lock(subject):
        _add_by_tag(registry, subject, unlisted)


def tag(subject: str) -> str:
    """The tag under which a registry without referrers has them."""
    return subject.replace(":", "-")


def descriptor(node: Node) -> dict[str, Any]:
    """What a list of referrers says of one."""
    document = json.loads(node.content)
    kind = document.get("artifactType") or (document.get("config") or {}).get("mediaType")
    said = {
        "annotations": document.get("annotations"),
        "artifactType": kind,
        "digest": node.digest,
        "mediaType": node.media_type,
        "size": len(node.content),
    }
    return {key: value for key, value in said.items() if value}


def _descriptors(answer: Answer, what: str, registry: Registry) -> list[dict[str, Any]]:
    try:
        return _entries(json.loads(answer.body))
    except (ValueError, AttributeError, TypeError):
        raise RegistryError(f"can't {what}: the answer is no index", host=registry.host) from None


def _entries(index: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(each) for each in index.get("manifests") or []]


def _next(answer: Answer) -> str:
    """The address of the next page of a list; empty after the last."""
    found = _NEXT.search(", ".join(answer.headers.get_all("Link") or []))
    return urllib.parse.urljoin(answer.url, found[1]) if found else ""


def _add_by_tag(registry: Registry, subject: str, nodes: Sequence[Node]) -> None:
    before = _by_tag(registry, subject)
    known = {each.get("digest") for each in before}
    added = [descriptor(node) for node in nodes if node.digest not in known]
    if added:
        index = {"manifests": before + added, "mediaType": INDEXES[0], "schemaVersion": 2}
        content = json.dumps(index, separators=(",", ":"), sort_keys=True).encode()
        registry.put_manifest(tag(subject), content, INDEXES[0])


def _by_tag(registry: Registry, subject: str) -> list[dict[str, Any]]:
    found = registry.get_manifest(tag(subject))
    if not found:
        return []
    try:
        return _entries(json_of(found, registry.host))
    except (ValueError, TypeError):
        name = registry.reference.at(tag(subject))
        raise RegistryError(f"{name} is no index of what refers to an image", host=registry.host) from None
