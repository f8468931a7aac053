"""What refers to an image: SBOMs, provenance, signatures (distribution-spec 1.1).

A registry that knows of referrers lists them by its own interface. For others there is a tag, `sha256-HEX` of
the subject, with an index of them that whoever adds one maintains.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tools.registry.client import INDEXES, Registry, json_of
from tools.registry.layout import Node
from tools.registry.problem import RegistryError, refused

_ACCEPT = INDEXES[0]
_SUBJECT_HEADER = "OCI-Subject"


def listed(registry: Registry, subject: str) -> list[dict[str, Any]]:
    """Descriptors of what refers to a manifest."""
    what = f"list what refers to {registry.reference.at(subject)}"
    answer = registry.request("GET", f"/referrers/{subject}", what=what, accept=_ACCEPT)
    if answer.status == 200 and answer.header("Content-Type").startswith(_ACCEPT):
        try:
            return [dict(each) for each in json.loads(answer.body).get("manifests") or []]
        except (ValueError, AttributeError, TypeError):
            raise RegistryError(f"can't {what}: the answer is no index", host=registry.host) from None
    if answer.status not in (200, 400, 404, 405, 501):
        raise refused(what, answer, registry.host)
    return _by_tag(registry, subject)


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
    before = _by_tag(registry, subject)
    known = {each.get("digest") for each in before}
    added = [descriptor(node) for node in unlisted if node.digest not in known]
    if added:
        index = {"manifests": before + added, "mediaType": INDEXES[0], "schemaVersion": 2}
        content = json.dumps(index, separators=(",", ":"), sort_keys=True).encode()
        registry.put_manifest(tag(subject), content, INDEXES[0])


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


def _by_tag(registry: Registry, subject: str) -> list[dict[str, Any]]:
    found = registry.get_manifest(tag(subject))
    return [dict(each) for each in json_of(found, registry.host).get("manifests") or []] if found else []
