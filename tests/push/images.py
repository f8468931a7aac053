"""Small image layouts and plans, made by tests."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
_ROOT = Path(__file__).absolute().parents[2]


def noise(seed: str, size: int) -> bytes:
    """Bytes that are always the same, and that nothing makes smaller."""
    return random.Random(seed).randbytes(size)


@dataclass
class Made:
    """A layout that is being made: `store` adds blobs, `finish` says what it is about."""

    root: Path
    blobs: dict[str, int] = field(default_factory=dict)

    def store(self, data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        """Stores a blob; its descriptor."""
        digest = hashlib.sha256(data).hexdigest()
        folder = self.root / "blobs/sha256"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / digest).write_bytes(data)
        self.blobs[f"sha256:{digest}"] = len(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data), **more}

    def manifest(self, layers: Sequence[bytes], architecture: str = "amd64") -> dict[str, Any]:
        """Stores an image."""
        config = {"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.store(dumped(config), CONFIG),
            "layers": [self.store(layer, LAYER) for layer in layers],
        }
        platform = {"os": "linux", "architecture": architecture}
        return self.store(dumped(document), MANIFEST, platform=platform)

    def finish(self, *manifests: dict[str, Any]) -> Path:
        """Writes what makes it a layout."""
        (self.root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(manifests)}
        (self.root / "index.json").write_bytes(dumped(index))
        return self.root


def dumped(document: object) -> bytes:
    """JSON."""
    return json.dumps(document).encode()


def index(root: Path, amd64: Sequence[bytes], arm64: Sequence[bytes]) -> Made:
    """A layout with an index of two architectures."""
    made = Made(root)
    manifests = [made.manifest(amd64), made.manifest(arm64, "arm64")]
    content = dumped({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})
    made.finish(made.store(content, INDEX))
    return made


def top(layout: Path) -> str:
    """The digest of what a layout is about."""
    return str(json.loads((layout / "index.json").read_bytes())["manifests"][0]["digest"])


def referrer(root: Path, subject: dict[str, Any], kind: str, content: bytes) -> Path:
    """A layout with a manifest that refers to another."""
    made = Made(root)
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": kind,
        "config": made.store(b"{}", EMPTY),
        "layers": [made.store(content, kind)],
        "subject": {key: subject[key] for key in ("mediaType", "digest", "size")},
        "annotations": {"org.example.kind": kind},
    }
    return made.finish(made.store(dumped(document), MANIFEST, artifactType=kind))


def planned(layout: Path, **changes: Any) -> dict[str, Any]:
    """One image of a plan."""
    image = {"name": f"//test:{layout.name}", "layout": str(layout), "repository": "", "suffix": ""}
    return image | {"prefixes": [], "tags": [], "referrers": []} | changes


def plan(file: Path, *images: dict[str, Any], status: Path | None = None) -> Path:
    """Writes a plan."""
    document = {"version": 1, "status": str(status) if status else None, "images": list(images)}
    file.write_text(json.dumps(document))
    return file


@dataclass(frozen=True)
class Pusher:
    """Runs the tool as a user does, with a home of its own."""

    home: Path

    def command(self, file: Path, *arguments: str) -> list[str]:
        """What to start."""
        return [sys.executable, "-m", "tools.push", "--plan", str(file), *arguments]

    def environ(self) -> dict[str, str]:
        """Where it runs."""
        kept = {name: os.environ[name] for name in ("LANG", "PATH") if name in os.environ}
        return kept | {"HOME": str(self.home), "PYTHONPATH": str(_ROOT)}

    def __call__(self, file: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Pushes."""
        done = subprocess.run(
            self.command(file, *arguments),
            env=self.environ() | variables,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def result(self, file: Path, *arguments: str, **variables: str) -> dict[str, Any]:
        """Pushes, which must work; what --json says."""
        done = self(file, "--json", *arguments, **variables)
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert isinstance(document, dict)
        return document

    def login(self, host: str, user: str, password: str) -> None:
        """Writes what `docker login` does."""
        auth = base64.b64encode(f"{user}:{password}".encode()).decode()
        file = self.home / ".docker/config.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"auths": {host: {"auth": auth}}}))
