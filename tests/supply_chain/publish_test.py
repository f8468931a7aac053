"""A push of an image with all that goes with it, documents and signatures, by the real programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.registry import serve
from tests.supply_chain.signing import PASSWORD, SOURCES, Place, keys, layout

_DOCUMENTS = ["application/spdx+json", "application/vnd.cyclonedx+json", "application/vnd.in-toto+json"]


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Iterator[Place]:
    with serve(tmp_path / "registry") as registry:
        yield Place(registry, "team/base", tmp_path)


def test_documents_and_signatures_go_with_the_image(place: Place, tmp_path: Path) -> None:
    key, public = keys(tmp_path)
    line = ["--plan", os.environ["PLAN"], "--no-stamp", "--tag", "v1", "--sign-key", str(key), "--json"]
    index = layout("IMAGE")
    for state, signatures in (("pushed", 3 + 6), ("up to date", 0)):
        done = place.run(
            *(sys.executable, "-m", "tools.push", "--repository", f"{place.registry.host}/team", *line),
            COSIGN_PASSWORD=PASSWORD,
            PYTHONPATH=SOURCES,
        )
        assert done.returncode == 0, done.stderr
        (told,) = json.loads(done.stdout)["images"]
        assert told["digest"] == index.digest
        assert (told["state"], told["signatures_added"]) == (state, signatures)
    assert place.verify(public, place.reference(index.digest)).returncode == 0
    for image in index.manifest["manifests"]:
        assert place.verify(public, place.reference(image["digest"])).returncode == 0
        referring = place.referrers(image["digest"])
        documents = [each for each in referring if each["artifactType"] in _DOCUMENTS]
        assert sorted(each["artifactType"] for each in documents) == _DOCUMENTS
        assert len(referring) == 4, "the signature is one more"
        for each in documents:
            manifest = json.loads(place.registry.manifest(place.repository, each["digest"]))
            assert manifest["subject"]["digest"] == image["digest"]
            assert place.verify(public, place.reference(each["digest"])).returncode == 0
            document = place.registry.blob(place.repository, manifest["layers"][0]["digest"])
            assert image["digest"].removeprefix("sha256:") in document.decode()
