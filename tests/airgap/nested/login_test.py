"""oci.pull where a login or a token is asked for, and where its attributes make no sense."""

import base64
import json
import os
from collections.abc import Iterator

import pytest

from tests.airgap.bazel_workspace import Workspace
from tests.airgap.layout import Layout, sha256
from tests.airgap.nested.token_gate import Gate
from tests.airgap.nested.token_gate import serve as serve_gate
from tests.airgap.registry import Certificate, Registry

EXTENSION = 'oci = use_extension("@rules_oci//oci:extensions.bzl", "oci")\n'


def login_file(workspace: Workspace, host: str, password: str) -> dict[str, str]:
    """Write a docker configuration and return the environment that selects it."""
    token = base64.b64encode(f"user:{password}".encode()).decode()
    path = workspace.write(
        f"docker-{sha256(password.encode())[-8:]}/config.json", json.dumps({"auths": {host: {"auth": token}}})
    )
    return {"DOCKER_CONFIG": str(path.parent)}


@pytest.fixture
def closed(closed_registry: Registry, app: Layout) -> Registry:
    closed_registry.put_layout("team/app", "1", app)
    return closed_registry


@pytest.fixture
def gate(registry: Registry, app: Layout, certificate: Certificate) -> Iterator[Gate]:
    registry.put_layout("team/app", "1", app)
    with serve_gate(registry.host, "user", "se:cret", certificate.server()) as running:
        yield running


def pull_private(workspace: Workspace, **attributes: str | bool | dict[str, str]) -> None:
    """Make `//private` the image that is pulled with some attributes."""
    values = "".join(f", {name} = {value!r}" for name, value in attributes.items())
    workspace.module(EXTENSION + f'oci.pull(name = "private"{values})\nuse_repo(oci, "private")\n')
    workspace.write("private/BUILD.bazel", 'filegroup(name = "private", srcs = ["@private"])')


# A cache would answer in the place of the registry.
NO_CACHE = "--repository_cache="


def test_login(workspace: Workspace, closed: Registry, app: Layout) -> None:
    pull_private(workspace, image=f"{closed.host}/team/app", digest=app.digest)
    said = workspace.failure("//private", NO_CACHE, env=login_file(workspace, closed.host, "wrong"))
    assert "manifest" in said, said
    workspace.build("//private", NO_CACHE, env=login_file(workspace, closed.host, "se:cret"))


def test_a_tag_that_may_move(workspace: Workspace, closed: Registry, app: Layout) -> None:
    login = login_file(workspace, closed.host, "se:cret")
    pull_private(workspace, registry=closed.host, repository="team/app", tag="1")
    result = workspace.bazel("build", "//private", env=login)
    assert result.code == 0, result.output
    # Who pulls by tag is told how to pin it.
    assert app.digest in result.output, result.output
    pull_private(workspace, image=f"{closed.host}/team/app:1", reproducible=False)
    result = workspace.bazel("build", "//private", env=login)
    assert result.code == 0, result.output
    assert app.digest not in result.output, result.output


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({}, ["image", "registry", "repository"]),
        ({"image": "localhost/a"}, ["digest", "tag"]),
        ({"registry": "localhost", "tag": "1"}, ["registry", "repository"]),
        (
            {"image": "localhost/a", "registry": "localhost", "repository": "a", "tag": "1"},
            ["image", "registry"],
        ),
        ({"image": "localhost/a:1", "platforms": ["plan9/amd64"]}, ["plan9/amd64", "linux/amd64"]),
    ],
)
def test_mistakes_in_the_tag(
    workspace: Workspace, attributes: dict[str, str | bool | dict[str, str]], words: list[str]
) -> None:
    pull_private(workspace, **attributes)
    said = workspace.failure("//private")
    assert not [word for word in words if word not in said], said


def test_token(workspace: Workspace, gate: Gate, app: Layout) -> None:
    challenge = f'Bearer realm="https://{gate.host}/token",service="gate"'
    pull_private(
        workspace,
        image=f"{gate.host}/team/app",
        digest=app.digest,
        www_authenticate_challenges={gate.host: challenge},
    )
    workspace.build("//private", NO_CACHE, env=login_file(workspace, gate.host, "se:cret"))
    assert set(gate.scopes) == {"repository:team/app:pull"}
    assert gate.refused == 0


def test_no_token_without_the_password(workspace: Workspace, gate: Gate, app: Layout) -> None:
    challenge = f'Bearer realm="https://{gate.host}/token",service="gate"'
    pull_private(
        workspace,
        image=f"{gate.host}/team/app",
        digest=app.digest,
        www_authenticate_challenges={gate.host: challenge},
    )
    workspace.failure("//private", NO_CACHE, env=login_file(workspace, gate.host, "wrong"))
    assert gate.refused
    assert not gate.scopes


def test_a_credential_helper(workspace: Workspace, closed: Registry, app: Layout) -> None:
    answer = json.dumps({"ServerURL": closed.host, "Username": "user", "Secret": "se:cret"})
    helper = workspace.write(
        "helpers/docker-credential-test",
        f"#!/bin/sh\nread -r server || :\n[ \"$1 $server\" = 'get {closed.host}' ] && echo '{answer}'\n",
    )
    helper.chmod(0o755)
    config = workspace.write("helpers/config.json", json.dumps({"credHelpers": {closed.host: "test"}}))
    pull_private(workspace, image=f"{closed.host}/team/app", digest=app.digest)
    env = {"DOCKER_CONFIG": str(config.parent), "PATH": f"{helper.parent}:{os.environ['PATH']}"}
    workspace.build("//private", NO_CACHE, env=env)
