"""SLSA provenance (v1) of an image, as an in-toto statement (v1): what it was built from, by digest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.sbom.bom import Bom, Item

Json = dict[str, Any]

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"

# docs/supply_chain.md says what it means.
BUILD_TYPE = "urn:pycuda:image-build:v1"
UNKNOWN_BUILDER = "urn:pycuda:builder:unknown"


@dataclass(frozen=True)
class Builder:
    """Who builds, and of which sources: a URI and a commit of git's, both empty if they were not said."""

    name: str = UNKNOWN_BUILDER
    source: str = ""
    commit: str = ""


def provenance(bom: Bom, builder: Builder) -> Json:
    """The statement, without a signature."""
    subject = bom.subject
    return {
        "_type": STATEMENT,
        "subject": [{"name": subject.name, "digest": {"sha256": subject.sha256}}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"target": subject.label, "platform": f"linux/{subject.arch}"},
                "resolvedDependencies": [
                    *_sources(builder),
                    *(_dependency(each) for each in bom.items if each.component.sha256),
                ],
            },
            "runDetails": {"builder": {"id": builder.name}},
        },
    }


def _sources(builder: Builder) -> list[Json]:
    said: Json = {"uri": builder.source} if builder.source else {}
    said |= {"digest": {"gitCommit": builder.commit}} if builder.commit else {}
    return [{"name": "sources", **said}] if said else []


def _dependency(item: Item) -> Json:
    """A component; one without a package URL goes by its name, which is that of the target that made it."""
    each = item.component
    found: Json = {"digest": {"sha256": each.sha256}}
    return found | ({"name": each.file or each.name, "uri": item.purl} if item.purl else {"name": each.name})
