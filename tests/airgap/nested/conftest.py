from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.bazel_workspace import Workspace
from tests.airgap.layout import Layout
from tests.airgap.registry import Certificate, Registry, serve


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Workspace]:
    store = "-Djavax.net.ssl.trustStore"
    space = Workspace(
        tmp_path_factory.mktemp("nested") / "space",
        jvm_args=[
            f"{store}={certificate.trust_store}",
            f"{store}Type=PKCS12",
            f"{store}Password={certificate.PASSWORD}",
        ],
    )
    yield space
    space.close()


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with serve(tmp_path_factory.mktemp("open") / "registry") as running:
        yield running


@pytest.fixture(scope="session")
def closed_registry(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("closed") / "registry"
    with serve(folder, login="user", password="se:cret", certificate=certificate) as running:
        yield running


@pytest.fixture(scope="session")
def app() -> Layout:
    """The image that registries get."""
    return Layout(Path("tests/airgap/rules_oci/app"))
