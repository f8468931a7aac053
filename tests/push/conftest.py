import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.registry import Registry, serve
from tests.push.images import Pusher
from tests.push.proxy import Proxy, proxied


@pytest.fixture(name="registry")
def _registry(tmp_path: Path) -> Iterator[Registry]:
    with serve(tmp_path / "registry") as running:
        yield running


@pytest.fixture(name="proxy")
def _proxy(registry: Registry) -> Iterator[Proxy]:
    with proxied(registry.host) as proxy:
        yield proxy


@pytest.fixture(name="push")
def _push(tmp_path: Path) -> Iterator[Pusher]:
    home = tmp_path / "home"
    home.mkdir()
    yield Pusher(home)
    shutil.rmtree(home)
