"""pip's configuration is understood as pip understands it, and told to uv."""

import os
import subprocess
import sys
from pathlib import Path

from tools.pip_lock.pip_config import PipConfig, parse, uv_environment

_CONFIG = """\
[global]
index-url = https://user:pass@index.invalid/simple
extra-index-url =
    https://extra.invalid/simple
    file:///opt/simple
trusted-host = index.invalid
constraint = /etc/constraints.txt
timeout = 60
[download]
cert = /etc/download.pem
"""


def test_what_pip_lists_is_read(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(_CONFIG)
    environment = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": str(file), "PIP_CERT": "/etc/env.pem"}
    environment |= {"PIP_FIND_LINKS": "/a /b", "PIP_NO_INDEX": "0"}
    shown = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], env=environment, capture_output=True, text=True
    )
    assert parse(shown.stdout.splitlines()) == PipConfig(
        index="https://user:pass@index.invalid/simple",
        extra_indexes=("https://extra.invalid/simple", "file:///opt/simple"),
        find_links=("/a", "/b"),
        no_index=False,
        trusted_hosts=("index.invalid",),
        certificates="/etc/env.pem",
        constraints=("/etc/constraints.txt",),
    )


_ALL = PipConfig(index="https://a", extra_indexes=("https://b", "https://c"), find_links=("/d", "/e"))


def test_the_main_index_alone_is_asked_first() -> None:
    environment = uv_environment(_ALL, {}, extras=False)
    assert environment["UV_DEFAULT_INDEX"] == "https://a"
    assert not environment.keys() & {"UV_INDEX", "UV_FIND_LINKS"}


def test_all_sources_together_choose_as_pip_does() -> None:
    environment = uv_environment(_ALL, {}, extras=True)
    assert environment["UV_INDEX"] == "https://b https://c"
    assert environment["UV_FIND_LINKS"] == "/d,/e"
    assert environment["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_without_an_index_the_folders_are_all_there_is() -> None:
    environment = uv_environment(PipConfig(find_links=("/d",), no_index=True), {}, extras=False)
    assert environment["UV_FIND_LINKS"] == "/d"


def test_what_the_user_says_to_uv_stays() -> None:
    environment = uv_environment(_ALL, {"UV_DEFAULT_INDEX": "https://mine", "HOME": "/h"}, extras=False)
    assert environment["UV_DEFAULT_INDEX"] == "https://mine"
    assert environment["HOME"] == "/h"
