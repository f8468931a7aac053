"""Completes provenance by what is known when it is signed: who builds, and of which commit."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from tools.common.errors import ToolError

Json = dict[str, Any]

_PROVENANCE = "https://slsa.dev/provenance/v1"


def about(statement: Json, references: Sequence[str]) -> str:
    """The one of several images by their digests that a statement is about."""
    subjects = {f"sha256:{each['digest'].get('sha256')}" for each in statement["subject"]}
    for reference in references:
        if reference.rpartition("@")[2] in subjects:
            return reference
    raise ToolError(
        f"the statement is about {' and '.join(sorted(subjects))}, and not about {' or '.join(references)}",
        remedy="Name the image of the architecture that it was built for, as a push prints it.",
    )


def completed(statement: Json, builder: str, source: str, commit: str) -> Json:
    """The statement with builder, sources and commit, where they are given.

    Args:
        statement: what is known so far.
        builder: URI of who builds.
        source: URI of the sources' repository.
        commit: their commit.
    """
    if not (builder or source or commit):
        return statement
    if statement["predicateType"] != _PROVENANCE:
        raise ToolError(f"{statement['predicateType']} has no place for builder, source and commit")
    whole = deepcopy(statement)
    if builder:
        whole["predicate"]["runDetails"]["builder"]["id"] = builder
    definition = whole["predicate"]["buildDefinition"]
    if commit or source:
        said: Json = {"name": "sources"}
        said |= {"uri": source} if source else {}
        said |= {"digest": {"gitCommit": commit}} if commit else {}
        others = [each for each in definition["resolvedDependencies"] if each.get("name") != "sources"]
        definition["resolvedDependencies"] = [said, *others]
    return whole
