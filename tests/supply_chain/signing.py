"""A registry with an image, keys, and the real cosign, for the tests of this folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.airgap.layout import Json, Layout
from tests.airgap.registry import Registry

PASSWORD = "correct horse"
SOURCES = str(Path(__file__).resolve().parents[2])
_INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True)
class Place:
    """A repository of a registry, and the environment in which it is reached."""

    registry: Registry
    repository: str
    home: Path
    more: dict[str, str] = field(default_factory=dict)

    def reference(self, digest: str) -> str:
        """What an image is called here."""
        return f"{self.registry.host}/{self.repository}@{digest}"

    def run(self, *line: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a program."""
        proxies = {"NO_PROXY": "localhost", "no_proxy": "localhost"}
        env = os.environ | proxies | {"HOME": str(self.home)} | self.more | environment
        return subprocess.run(
            list(map(str, line)), env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def sign(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs //tools/sign."""
        more = {"COSIGN_PASSWORD": PASSWORD, "PYTHONPATH": SOURCES}
        return self.run(sys.executable, "-m", "tools.sign", *arguments, **(more | environment))

    def verify(
        self, public: Path, reference: str, *options: str, command: str = "verify"
    ) -> subprocess.CompletedProcess[str]:
        """Verifies as somebody does who has the public key and no internet."""
        key = ["--insecure-ignore-tlog=true", "--key", str(public)]
        return self.run("cosign", command, *key, *options, reference)

    def referrers(self, digest: str) -> list[Json]:
        """What refers to an image, by the tag that stands for the interface where a registry lacks it."""
        tag = digest.replace(":", "-")
        if tag not in self.registry.tags(self.repository):
            return []
        found = json.loads(self.registry.manifest(self.repository, tag))["manifests"]
        assert isinstance(found, list)
        return found


def keys(folder: Path, name: str = "cosign", password: str = PASSWORD) -> tuple[Path, Path]:
    """A private and a public key."""
    env = os.environ | {"COSIGN_PASSWORD": password}
    line = ["cosign", "generate-key-pair", "--output-key-prefix", name]
    subprocess.run(line, env=env, cwd=folder, check=True, capture_output=True)
    return folder / f"{name}.key", folder / f"{name}.pub"


def attach(place: Place, layout: Path, digest: str) -> None:
    """Pushes what refers to an image."""
    index: Json = json.loads((layout / "index.json").read_bytes())
    blobs = {f"sha256:{path.name}": path.read_bytes() for path in (layout / "blobs/sha256").iterdir()}
    for entry in index["manifests"]:
        manifest = json.loads(blobs[entry["digest"]])
        assert manifest["subject"]["digest"] == digest
        for descriptor in (manifest["config"], *manifest["layers"]):
            place.registry.put_blob(place.repository, blobs[descriptor["digest"]])
        place.registry.put_manifest(
            place.repository, entry["digest"], blobs[entry["digest"]], entry["mediaType"]
        )
    tag = digest.replace(":", "-")
    place.registry.put_manifest(place.repository, tag, json.dumps(index).encode(), _INDEX)


def layout(name: str) -> Layout:
    """The layout that a variable of the environment names."""
    return Layout(Path(os.environ[name]))
