"""SBOMs and the like, which refer to an image and go where it goes."""

from __future__ import annotations

import json
from pathlib import Path

from tests.airgap.registry import Registry
from tests.push.images import Pusher, index, plan, planned, referrer, top
from tests.push.proxy import Proxy


def test_what_refers_to_an_image_is_pushed_and_listed(
    registry: Registry, proxy: Proxy, push: Pusher, tmp_path: Path
) -> None:
    image = index(tmp_path / "app", [b"layer"], [b"arm64"]).root
    listed = json.loads((image / "blobs" / top(image).replace(":", "/")).read_bytes())["manifests"]
    subject = listed[0]
    sbom = referrer(tmp_path / "sbom", subject, "application/spdx+json", b"sbom")
    where = ("--repository", f"{proxy.host}/app", "--tag", "v1")
    file = plan(tmp_path / "plan.json", planned(image, referrers=[str(sbom)]))
    push.result(file, *where)

    def referring() -> list[dict[str, object]]:
        tag = subject["digest"].replace(":", "-")
        found = json.loads(registry.manifest("app", tag))["manifests"]
        assert isinstance(found, list)
        return found

    (only,) = referring()
    assert only["digest"] == top(sbom)
    assert only["artifactType"] == "application/spdx+json"
    assert only["annotations"] == {"org.example.kind": "application/spdx+json"}
    manifest = json.loads(registry.manifest("app", top(sbom)))
    assert registry.blob("app", manifest["layers"][0]["digest"]) == b"sbom"
    order = [each.path.rpartition("/")[2] for each in proxy.requests("PUT", "/manifests/")]
    assert order.index(subject["digest"]) < order.index(top(sbom)) < order.index("v1")

    # Another one beside it, for an image that did not change.
    signature = referrer(tmp_path / "provenance", subject, "application/vnd.in-toto+json", b"provenance")
    file = plan(tmp_path / "plan.json", planned(image, referrers=[str(sbom), str(signature)]))
    proxy.clear()
    assert push.result(file, *where)["images"][0]["state"] == "pushed"
    assert {each["digest"] for each in referring()} == {top(sbom), top(signature)}
    assert proxy.count("PUT", "/manifests/v1") == 0
    proxy.clear()
    assert push.result(file, *where)["images"][0]["state"] == "up to date"
    assert {each.method for each in proxy.log} == {"GET", "HEAD"}
