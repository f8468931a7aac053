"""Podman in the contest is podman as people know it: it sends what a registry lacks, and no more."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.registry import Registry, serve
from tests.benchmark.publishing.proxy import counting
from tests.seed.podman import Podman
from tools.image_run.unpack import can_set_owners

_SIZE = 3_000_000
_CONFIG = 5_000  # at most: manifest and config


@pytest.fixture(name="registry")
def _registry(tmp_path: Path) -> Iterator[Registry]:
    with serve(tmp_path / "registry") as registry:
        yield registry


@pytest.fixture(name="podman")
def _podman(tmp_path: Path) -> Iterator[Podman]:
    if not can_set_owners():
        pytest.skip("podman needs root for a /var/lib of its own")
    engine = Podman(tmp_path / "podman", remembers=True)
    try:
        yield engine
    finally:
        engine.close()


def test_layers_are_sent_once(podman: Podman, registry: Registry, tmp_path: Path) -> None:
    """Nor is a base sent that was pulled from there, to whatever repository."""
    context = tmp_path / "context"
    context.mkdir()
    with counting(registry.host) as proxy:

        def publish(name: str, base: str) -> int:
            (context / name).write_bytes(random.randbytes(_SIZE))
            (context / "Dockerfile").write_text(f"FROM {base}\nCOPY {name} /{name}\n", encoding="utf-8")
            image = f"{proxy.host}/{name}:v1"
            podman.ok("build", "--quiet", "--tls-verify=false", f"--tag={image}", str(context))
            podman.ok("push", "--quiet", "--tls-verify=false", image)
            return proxy.sent()

        assert _SIZE < publish("base", "scratch") < _SIZE + _CONFIG
        podman.ok("push", "--quiet", "--tls-verify=false", f"{proxy.host}/base:v1")
        assert proxy.sent() < _CONFIG
        podman.ok("rmi", "--all", "--force")
        assert _SIZE < publish("app", f"{proxy.host}/base:v1") < _SIZE + _CONFIG
