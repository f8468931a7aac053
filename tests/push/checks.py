"""What tests look at in a registry."""

from __future__ import annotations

import json

from tests.airgap.layout import sha256
from tests.airgap.registry import Registry


def check_complete(registry: Registry, repository: str, reference: str) -> None:
    """Everything is there, and its bytes are right."""
    content = registry.manifest(repository, reference)
    document = json.loads(content)
    for each in document.get("manifests", []):
        assert sha256(registry.manifest(repository, each["digest"])) == each["digest"]
        check_complete(registry, repository, each["digest"])
    for each in [document[key] for key in ("config",) if key in document] + document.get("layers", []):
        assert len(registry.blob(repository, each["digest"])) == each["size"]
