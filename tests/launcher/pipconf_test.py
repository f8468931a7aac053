"""Which of the host's files pip's configuration makes necessary in the toolbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.bazelw import pipconf


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"PIP_CERT": "/usr/share/common-licenses"}, "/usr/share/common-licenses"),
        ({"PIP_FIND_LINKS": "file:///usr/share/keyrings /no/such"}, "/usr/share/keyrings"),
        ({"PIP_CONSTRAINT": "/etc/debian_version"}, "/etc/debian_version"),
        ({"SSL_CERT_FILE": "/etc/debian_version"}, "/etc/debian_version"),
        ({"XDG_RUNTIME_DIR": "/usr/share/keyrings"}, "/usr/share/keyrings"),
        ({"DOCKER_HOST": "unix:///etc/debian_version"}, "/etc/debian_version"),
    ],
)
def test_variables(env: dict[str, str], expected: str) -> None:
    assert expected in pipconf.host_paths(env)


@pytest.mark.parametrize(
    "env",
    [
        {"XDG_DATA_DIRS": "/usr/local/share:/usr/share"},
        {"MANPATH": "/usr/share/keyrings"},
        {"PIP_CERT": "/usr/no/such"},
        {"PIP_CERT": "/usr"},
    ],
)
def test_what_does_not_matter(env: dict[str, str]) -> None:
    assert pipconf.host_paths(env) == pipconf.host_paths({})


@pytest.mark.parametrize(
    "place", ["config/pip/pip.conf", "home/.pip/pip.conf", "named.conf", "dirs/pip/pip.conf"]
)
def test_configuration_files(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "[global]\nextra-index-url =\n    https://index.test/simple\n    file:///usr/share/keyrings/simple/..\n"
    )
    env = {
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CONFIG_DIRS": f"/no/such:{tmp_path}/dirs",
        "PIP_CONFIG_FILE": str(tmp_path / "named.conf"),
    }
    assert str(path) in pipconf.config_files(env)
    path.write_text("[global]\nfind-links = /usr/share/keyrings\n")
    assert "/usr/share/keyrings" in pipconf.host_paths(env)


def test_only_the_outermost_is_mounted() -> None:
    paths = ["/usr/share/keyrings", "/usr/share", "/home", "/tmp/x", "/etc", "/usr/no/such"]
    assert pipconf.outermost(paths) == ["/usr/share"]
