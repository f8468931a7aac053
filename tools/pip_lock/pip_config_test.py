"""pip's configuration is understood as pip understands it, and told to uv."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.pip_lock.pip_config import PipConfig, Places, default_index, parse, places, uv_environment

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
    where = places(_ALL, Places(), extras=False)
    assert where == Places("https://a")
    environment = uv_environment(_ALL, {}, where)
    assert environment["UV_DEFAULT_INDEX"] == "https://a"
    assert not environment.keys() & {"UV_INDEX", "UV_INDEX_STRATEGY", "UV_FIND_LINKS"}


def test_all_sources_together_choose_as_pip_does() -> None:
    environment = uv_environment(_ALL, {}, places(_ALL, Places(), extras=True))
    assert environment["UV_INDEX"] == "https://b https://c"
    assert environment["UV_FIND_LINKS"] == "/d,/e"
    assert environment["UV_INDEX_STRATEGY"] == "unsafe-best-match"


def test_what_the_lock_says_comes_on_top() -> None:
    own = Places(indexes=("https://own",), find_links=("/own",))
    assert places(_ALL, own, extras=False) == Places("https://a", ("https://own",), ("/own",))
    assert places(_ALL, own, extras=True).indexes == ("https://own", "https://b", "https://c")
    assert places(_ALL, Places("https://own"), extras=False).default == "https://own"


def test_without_an_index_the_folders_are_all_there_is() -> None:
    config = PipConfig(find_links=("/d",), no_index=True)
    assert places(config, Places(indexes=("https://own",)), extras=False) == Places(find_links=("/d",))


def test_what_the_user_says_to_uv_stays() -> None:
    environment = {"UV_DEFAULT_INDEX": "https://mine", "HOME": "/h"}
    got = uv_environment(_ALL, environment, Places("https://a"))
    assert got["UV_DEFAULT_INDEX"] == "https://mine"
    assert got["HOME"] == "/h"


def test_pip_tells_its_default_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "https://told.invalid/simple")
    assert default_index(sys.executable).startswith("https://")
    assert default_index("false") == ""
