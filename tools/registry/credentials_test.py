"""Logins as docker, podman and their helpers keep them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tools.common.errors import ToolError
from tools.registry.credentials import Login, find

HOST = "registry.example"


def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def write(file: Path, content: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def docker(home: Path, content: Any) -> Path:
    return write(home / ".docker/config.json", content)


def helper(folder: Path, name: str, script: str) -> str:
    program = write(folder / f"docker-credential-{name}", f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def login(
    home: Path, host: str = HOST, repository: str = "team/app", **environ: str
) -> tuple[str, str] | None:
    found = find(host, repository, {"HOME": str(home), "PATH": "/usr/bin:/bin", **environ})
    return (found.user, found.password) if found else None


@pytest.mark.parametrize(
    ("server", "host"),
    [
        (HOST, HOST),
        (f"https://{HOST}", HOST),
        (f"https://{HOST}/v1/", HOST),
        (f"https://{HOST}/v2/", HOST),
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
    ],
)
def test_servers_are_written_in_several_ways(server: str, host: str, tmp_path: Path) -> None:
    docker(tmp_path, {"auths": {server: auth("a", "b:c"), "other.example": auth("x", "y")}})
    assert login(tmp_path, host) == ("a", "b:c")


def test_nothing_is_known_of_another_host(tmp_path: Path) -> None:
    assert login(tmp_path) is None
    docker(tmp_path, {"auths": {HOST + ":5000": auth("a", "b"), "example": auth("x", "y")}})
    assert login(tmp_path) is None


def test_podman_keeps_logins_for_parts_of_a_registry(tmp_path: Path) -> None:
    auths = {HOST: auth("all", ""), f"{HOST}/team": auth("team", ""), f"{HOST}/team/app": auth("app", "")}
    write(tmp_path / ".config/containers/auth.json", {"auths": auths})
    assert login(tmp_path, repository="team/app") == ("app", "")
    assert login(tmp_path, repository="team/other") == ("team", "")
    assert login(tmp_path, repository="teams") == ("all", "")
    auths = {f"{HOST}/team/v1": auth("v1", ""), f"{HOST}/group/": auth("group", "")}
    write(tmp_path / ".config/containers/auth.json", {"auths": auths})
    assert login(tmp_path, repository="team/v1") == ("v1", "")
    assert login(tmp_path, repository="team/app") is None
    assert login(tmp_path, repository="group/app") == ("group", "")


def test_files_have_an_order(tmp_path: Path) -> None:
    docker(tmp_path, {"auths": {HOST: auth("docker", "")}})
    assert login(tmp_path) == ("docker", "")
    write(tmp_path / "elsewhere/config.json", {"auths": {HOST: auth("moved", "")}})
    assert login(tmp_path, DOCKER_CONFIG=str(tmp_path / "elsewhere")) == ("moved", "")
    write(tmp_path / "run/containers/auth.json", {"auths": {HOST: auth("podman", "")}})
    assert login(tmp_path, XDG_RUNTIME_DIR=str(tmp_path / "run")) == ("podman", "")
    named = write(tmp_path / "named.json", {"auths": {HOST: auth("named", "")}})
    assert login(tmp_path, REGISTRY_AUTH_FILE=str(named), XDG_RUNTIME_DIR=str(tmp_path / "run")) == (
        "named",
        "",
    )


def test_helpers_are_asked_for_their_servers(tmp_path: Path) -> None:
    answer = json.dumps({"Username": "a", "Secret": "b"})
    path = helper(tmp_path, "test", f"read h; [ $h = {HOST} ] && echo '{answer}'")
    docker(tmp_path, {"credHelpers": {HOST: "test"}})
    assert login(tmp_path, PATH=path) == ("a", "b")
    docker(tmp_path, {"auths": {HOST: {}}, "credsStore": "test"})
    assert login(tmp_path, PATH=path) == ("a", "b")
    docker(tmp_path, {"credsStore": "test"})
    assert login(tmp_path, PATH=path) == ("a", "b")
    docker(tmp_path, {"auths": {HOST: auth("old", "x")}, "credsStore": "test"})
    assert login(tmp_path, PATH=path) == ("a", "b")


def test_a_store_that_knows_nothing_is_no_error(tmp_path: Path) -> None:
    path = helper(tmp_path, "test", "echo credentials not found in native keychain; exit 1")
    docker(tmp_path, {"credsStore": "test"})
    assert login(tmp_path, PATH=path) is None
    docker(tmp_path, {"auths": {HOST: auth("a", "b")}, "credsStore": "test"})
    assert login(tmp_path, PATH=path) == ("a", "b")


@pytest.mark.parametrize(
    ("content", "script", "reason"),
    [
        ("{", "", "is no configuration of docker or podman: it is not JSON"),
        ({"auths": {HOST: {"auth": "?"}}}, "", "auth of registry.example is not base64"),
        ({"auths": {HOST: {"auth": "YWJj"}}}, "", "auth of registry.example is not user:password"),
        ({"auths": []}, "", None),
        (
            {"auths": {HOST: "x"}},
            "",
            "is no configuration of docker or podman: 'str' object has no attribute",
        ),
        ({"credHelpers": {HOST: "test"}}, "echo broken; exit 3", "get registry.example failed: broken"),
        (
            {"credHelpers": {HOST: "test"}},
            "echo {}",
            "whose answer for registry.example is not as it should be",
        ),
        (
            {"credHelpers": {HOST: "none"}},
            "",
            "docker-credential-none, which keeps the login for registry.example",
        ),
    ],
)
def test_what_is_wrong_names_the_file(content: Any, script: str, reason: str | None, tmp_path: Path) -> None:
    file = docker(tmp_path, content)
    path = helper(tmp_path, "test", script)
    if reason is None:
        assert login(tmp_path, PATH=path) is None
        return
    with pytest.raises(ToolError) as caught:
        login(tmp_path, PATH=path)
    assert str(caught.value).startswith(f"error: {file}: ")
    assert reason in str(caught.value)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(Login("user", "secret", "file", "secret token"))
