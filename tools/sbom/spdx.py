"""A bill of materials as SPDX 2.3, in JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from tools.component.record import Component
from tools.sbom.bom import Bom, Item, identity

Json = dict[str, Any]

_NONE = "NOASSERTION"
_IMAGE = "SPDXRef-image"
_PURPOSES = {
    "deb": "LIBRARY",
    "installed": "LIBRARY",
    "wheel": "LIBRARY",
    "interpreter": "APPLICATION",
    "files": "ARCHIVE",
    "image": "CONTAINER",
}
_PERSON = re.compile(r"(?P<name>[^<>]*?)\s*<(?P<mail>[^<>\s]+)>")
_ORGANIZATION = re.compile(
    r"@(lists|alioth-lists|packages|tracker)\.|\b(Team|Maintainers?|Developers|Group|Foundation|Corporation)\b"
)


def spdx(bom: Bom, tool: str, epoch: int) -> Json:
    """The document.

    Args:
        bom: what it is about.
        tool: name and version of who made it.
        epoch: seconds since 1970 that it is said to be made at; a clock would change its digest.
    """
    created = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document: Json = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bom.subject.name,
        "documentNamespace": "",
        "creationInfo": {"created": created, "creators": [f"Tool: {tool}"]},
        "documentDescribes": [_IMAGE],
        "packages": [_image(bom), *(_package(each) for each in bom.items)],
        "hasExtractedLicensingInfos": _references(bom),
        "relationships": _relationships(bom),
    }
    namespace = f"https://spdx.org/spdxdocs/{bom.subject.name}-{identity(document)}"
    return document | {"documentNamespace": namespace}


def _image(bom: Bom) -> Json:
    return {
        "SPDXID": _IMAGE,
        "name": bom.subject.name,
        "versionInfo": bom.subject.digest,
        "primaryPackagePurpose": "CONTAINER",
        "checksums": _checksums(bom.subject.sha256),
        "externalRefs": _purl(bom.subject.purl),
        "licenseDeclared": _NONE,
        **_unsaid(),
    }


def _package(item: Item) -> Json:
    each = item.component
    found: Json = {
        "SPDXID": f"SPDXRef-{item.ref}",
        "name": each.name,
        "primaryPackagePurpose": _PURPOSES[each.kind],
        "licenseDeclared": each.license or _NONE,
        **_unsaid(),
    }
    optional = {
        "versionInfo": each.version,
        "packageFileName": each.file,
        "supplier": _supplier(each),
        "sourceInfo": _source(each),
        "homepage": each.homepage if re.fullmatch(r"https?://[^\s<>]+", each.homepage) else "",
        "checksums": _checksums(each.sha256) if each.sha256 else [],
        "externalRefs": _purl(item.purl) if item.purl else [],
    }
    return found | {key: value for key, value in optional.items() if value}


def _unsaid() -> Json:
    """What SPDX asks of each package, and no part of the build says."""
    return {
        "copyrightText": _NONE,
        "downloadLocation": _NONE,
        "filesAnalyzed": False,
        "licenseConcluded": _NONE,
    }


def _checksums(sha256: str) -> list[Json]:
    return [{"algorithm": "SHA256", "checksumValue": sha256}]


def _purl(url: str) -> list[Json]:
    return [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url}]


def _supplier(component: Component) -> str:
    said = component.supplier
    if not said.strip('<>" '):
        return ""
    kind = "Organization" if _ORGANIZATION.search(said) else "Person"
    match = _PERSON.match(said)
    name = match["name"].strip('" ') if match else ""
    if match and name:
        return f"{kind}: {name} ({match['mail']})"
    return f"{kind}: {said.strip('<>')}"


def _source(component: Component) -> str:
    if not component.source:
        return ""
    return f"built from {component.source} {component.source_version}".rstrip()


def _references(bom: Bom) -> list[Json]:
    refs = {ref: text for item in bom.items for ref, text in item.component.license_refs.items()}
    return [
        {"licenseId": ref, "name": text.partition(": see ")[0], "extractedText": text}
        for ref, text in sorted(refs.items())
    ]


def _relationships(bom: Bom) -> list[Json]:
    def relation(one: str, kind: str, other: str) -> Json:
        return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}

    found = [relation("SPDXRef-DOCUMENT", "DESCRIBES", _IMAGE)]
    for item in bom.items:
        kind = "DESCENDANT_OF" if item.component.kind == "image" else "CONTAINS"
        found.append(relation(_IMAGE, kind, f"SPDXRef-{item.ref}"))
    found += [
        relation(f"SPDXRef-{item.ref}", "DEPENDS_ON", f"SPDXRef-{need}")
        for item in bom.items
        for need in item.needs
    ]
    return found
