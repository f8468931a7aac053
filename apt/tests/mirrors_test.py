"""Which mirrors are found on a machine, by the environment and by what the real apt makes of its sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apt.tests.nested import Nested, only_with

DEBIAN = "deb http://mirror.example/debian bookworm main contrib\ndeb http://mirror.example/debian sid main\n"
SECURITY = "deb http://security.example/debian-security bookworm-security main\n"
DEB822 = """\
Types: deb deb-src
URIs: https://one.example/debian/
Suites: trixie trixie-updates
Components: main

Types: deb
URIs: http://sec.example/security
Suites: trixie-security
Components: main
"""
OTHERS = (
    "deb http://archive.example/ubuntu noble main\n"
    "deb https://packages.example/apt cloud-sdk main\n"
    "deb https://node.example/node_20.x nodistro main\n"
)


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nested]:
    workspace = Nested(tmp_path_factory.mktemp("nested"))
    workspace.lock({})
    yield workspace
    workspace.bazel("shutdown")


def found(nested: Nested, **env: str) -> dict[str, Any]:
    target = "@apt_mirrors//:mirrors.json"
    done = nested.bazel("build", target, env=env)
    assert done.returncode == 0, done.stderr
    path = nested.bazel("cquery", "--output=files", target, env=env).stdout.strip()
    base = nested.bazel("info", "output_base", env=env).stdout.strip()
    content: dict[str, Any] = json.loads(Path(base, path).read_text())
    return content


def archives(nested: Nested, **env: str) -> tuple[list[str], list[str]]:
    content = found(nested, **env)
    assert content["problem"] == ""
    return content["archives"]["debian"], content["archives"]["debian-security"]


@pytest.mark.parametrize(
    ("env", "debian", "security"),
    [
        ({"APT_MIRROR": "http://m/debian/"}, ["http://m/debian"], ["http://m/debian-security"]),
        (
            {"APT_MIRROR": "http://m/debian", "APT_SECURITY_MIRROR": "http://s/x"},
            ["http://m/debian"],
            ["http://s/x"],
        ),
        ({"APT_MIRROR": "http://m/all"}, ["http://m/all"], ["http://m/all"]),
        ({"APT_MIRROR": "http://a/debian http://b/debian"}, ["http://a/debian", "http://b/debian"], None),
        ({"APT_MIRROR": "file:/srv/debian"}, ["file:///srv/debian"], ["file:///srv/debian-security"]),
        (
            {"APT_MIRROR": "http://m/debian", "APT_SNAPSHOT_MIRROR": "http://s/archive/debian/2026"},
            ["http://m/debian", "http://s/archive/debian/2026"],
            ["http://m/debian-security", "http://s/archive/debian-security/2026"],
        ),
    ],
)
def test_environment_says_where(
    nested: Nested, env: dict[str, str], debian: list[str], security: list[str] | None
) -> None:
    security = security or [f"{url}-security" for url in debian]
    assert archives(nested, **env) == (debian, security)


@pytest.mark.parametrize("name", ["APT_MIRROR", "APT_SECURITY_MIRROR", "APT_SNAPSHOT_MIRROR"])
@pytest.mark.parametrize(
    "value", ["bogus", "/srv/debian", "http:///debian", "http://h:x/d", "file:debian", "ftp://h"]
)
def test_what_is_no_url_is_a_problem(nested: Nested, name: str, value: str) -> None:
    content = found(nested, **{"APT_MIRROR": "http://m/debian", name: value})
    assert content["problem"] == f"{name}={value} is no address of a Debian mirror"
    assert f"{name}=http://HOST/debian" in content["remedy"]


@pytest.mark.parametrize(
    "url", ["http://[::1]:80/debian", "https://me:pw@h/debian", "http://[::1]/debian", "http://h:8080/debian"]
)
def test_all_kinds_of_urls_are_taken(nested: Nested, url: str) -> None:
    assert archives(nested, APT_MIRROR=url)[0] == [url]


@pytest.mark.parametrize(
    ("name", "sources", "debian", "security"),
    [
        (
            "a.list",
            DEBIAN + OTHERS,
            ["http://mirror.example/debian"],
            ["http://mirror.example/debian-security"],
        ),
        (
            "a.list",
            SECURITY + DEBIAN,
            ["http://mirror.example/debian"],
            ["http://security.example/debian-security"],
        ),
        (
            "a.sources",
            DEB822,
            ["https://one.example/debian"],
            ["http://sec.example/security"],
        ),
    ],
)
def test_apts_own_sources_say_where(
    nested: Nested, tmp_path: Path, name: str, sources: str, debian: list[str], security: list[str]
) -> None:
    assert archives(nested, APT_CONFIG=config(tmp_path, name, sources)) == (debian, security)


def config(folder: Path, name: str, sources: str) -> str:
    """An apt configuration with only these sources."""
    (folder / "etc/sources.list.d").mkdir(parents=True)
    (folder / "etc/sources.list.d" / name).write_text(sources)
    path = folder / "apt.conf"
    path.write_text(f'Dir::Etc "{folder}/etc";\nDir::Etc::sourceparts "{folder}/etc/sources.list.d";\n')
    return str(path)


def test_sources_of_others_are_no_mirror_of_debian(nested: Nested, tmp_path: Path) -> None:
    content = found(nested, APT_CONFIG=config(tmp_path, "a.list", OTHERS))
    assert content["archives"] == {"debian": [], "debian-security": []}
    assert "has no Debian mirror among its sources" in content["problem"]


def test_without_apt_there_is_none(nested: Nested, tmp_path: Path) -> None:
    path = only_with(["bazel", "java", "javac", "python3"], tmp_path / "bin")
    assert "APT_MIRROR is not set" in found(nested, PATH=path)["problem"]
