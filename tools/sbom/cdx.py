"""A bill of materials as CycloneDX 1.6, in JSON."""

from __future__ import annotations

import re
from typing import Any

from tools.sbom.bom import Bom, Item, identity

Json = dict[str, Any]

_TYPES = {
    "deb": "library",
    "installed": "library",
    "wheel": "library",
    "interpreter": "application",
    "files": "file",
    "image": "container",
}
_IMAGE = "image"


def cyclonedx(bom: Bom, tool: str, version: str) -> Json:
    """The document; it has no time of its own, as its digest would change with it.

    Args:
        bom: what it is about.
        tool: name of who made it.
        version: its version.
    """
    document: Json = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": tool, "version": version}]},
            "component": {
                "type": "container",
                "bom-ref": _IMAGE,
                "name": bom.subject.name,
                "version": bom.subject.digest,
                "hashes": _hashes(bom.subject.sha256),
                "purl": bom.subject.purl,
            },
        },
        "components": [_component(each) for each in bom.items],
        "dependencies": [
            {"ref": _IMAGE, "dependsOn": [each.ref for each in bom.items]},
            *({"ref": each.ref, "dependsOn": list(each.needs)} for each in bom.items),
        ],
    }
    return document | {"serialNumber": identity(document).urn}


def _component(item: Item) -> Json:
    each = item.component
    supplier = re.sub(r"\s*<[^<>]*>", "", each.supplier).strip('" ')
    homepage = each.homepage if re.fullmatch(r"https?://[^\s<>]+", each.homepage) else ""
    optional: Json = {
        "version": each.version,
        "supplier": {"name": supplier} if supplier else None,
        "hashes": _hashes(each.sha256) if each.sha256 else None,
        "licenses": _licenses(item),
        "purl": item.purl,
        "externalReferences": [{"type": "website", "url": homepage}] if homepage else None,
        "properties": _properties(item),
    }
    found = {"type": _TYPES[each.kind], "bom-ref": item.ref, "name": each.name}
    return found | {key: value for key, value in optional.items() if value}


def _hashes(sha256: str) -> list[Json]:
    return [{"alg": "SHA-256", "content": sha256}]


def _licenses(item: Item) -> list[Json]:
    """One expression; a name of the project's own has its text in the SPDX document."""
    return [{"expression": item.component.license}] if item.component.license else []


def _properties(item: Item) -> list[Json]:
    each = item.component
    said = {
        "pycuda:kind": each.kind,
        "pycuda:file": each.file,
        "pycuda:source": f"{each.source} {each.source_version}".strip(),
    }
    return [{"name": name, "value": value} for name, value in said.items() if value]
