"""debconf's database, held against the real debconf."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tools.apt_layer import debconf
from tools.apt_layer.maker import Maker
from tools.apt_layer.state import State
from tools.common.errors import ToolError
from tools.deb_part.debs import Content

TEMPLATES = """\
Template: tool/mode
Type: select
Choices: fast, safe
Choices-de.UTF-8: schnell, sicher
Default: safe
Description: How to work  \n\
 The first line
 goes on here,
 .
 A paragraph with a list:
  * one
  * two
 and an end.\n\
 .
Description-de.UTF-8: Wie gearbeitet wird – „so“
 Ein Absatz.


Template: tool/empty
Type: boolean
Default:
Description: No default

Template: shared/title
Type: title
Description: A\\nB
"""
CONF = """\
Config: config
Templates: templates

Name: config
Driver: File
Mode: 644
Filename: {folder}/config.dat

Name: templates
Driver: File
Mode: 644
Filename: {folder}/templates.dat
"""


class Debconf:
    """The real debconf with a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "debconf.conf").write_text(CONF.format(folder=folder))
        (folder / "x.templates").write_text(TEMPLATES, encoding="utf-8")

    def say(self, *commands: str) -> None:
        """Says something to debconf as a maintainer script does; every answer is 0, for success."""
        env = {**os.environ, "DEBCONF_SYSTEMRC": str(self.folder / "debconf.conf"), "LC_ALL": "C.UTF-8"}
        env |= {"DEBIAN_FRONTEND": "noninteractive", "DEBCONF_NONINTERACTIVE_SEEN": "false"}
        text = "".join(f"{command}\n" for command in commands)
        done = subprocess.run(
            ["debconf-communicate", "tool"], input=text, env=env, text=True, check=True, capture_output=True
        )
        assert [line[:1] for line in done.stdout.splitlines()] == ["0"] * len(commands), done

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


@pytest.fixture
def real(tmp_path: Path) -> Debconf:
    return Debconf(tmp_path)


def test_what_is_written_is_what_debconf_writes(real: Debconf) -> None:
    for owner in ("lib:amd64", "tool"):
        real.say(f"X_LOADTEMPLATEFILE {real.folder}/x.templates {owner}")
    real.say("SET tool/mode fast", "FSET tool/mode seen true", "SET tool/empty ")
    real.say("SUBST tool/mode b x, y", "SUBST tool/mode a ")
    state = State(arch="amd64", suite="bookworm")
    found = debconf.templates(TEMPLATES)
    debconf.register(state, found, ["lib:amd64"], {})
    said = {"value": "fast", "seen": True, "variables": {"a": "", "b": "x, y"}}
    debconf.register(state, found, ["tool"], {"tool/mode": said, "tool/empty": {}})
    assert debconf.templates_dat(state.templates).decode() == real.read("templates.dat").decode()
    assert debconf.config_dat(state.questions).decode() == real.read("config.dat").decode()


def test_an_answer_is_the_default_unless_said_otherwise() -> None:
    state = State(arch="amd64", suite="bookworm")
    debconf.register(
        state, debconf.templates(TEMPLATES), ["x"], {"tool/mode": {}, "shared/title": {"value": None}}
    )
    text = debconf.config_dat(state.questions).decode()
    assert "Name: tool/mode\nTemplate: tool/mode\nValue: safe\nOwners: x\n\n" in text
    assert "Name: shared/title\nTemplate: shared/title\nOwners: x\n\n" in text
    with pytest.raises(ToolError, match="no template is for the question gone"):
        debconf.register(state, {}, ["x"], {"gone": {}})


def test_layers_add_to_the_database_of_the_base(tmp_path: Path) -> None:
    make = Maker(tmp_path)
    control, scripts = "Multi-Arch: same\n", {"templates": TEMPLATES}
    lib = make.deb("lib", Content(control=control, scripts=scripts))
    tool = make.deb("tool", Content(scripts={"templates": TEMPLATES.replace("tool/", "other/")}))
    policy = {
        "lib": [{"debconf": ["lib", "lib:{arch}"], "why": "w"}],
        "tool": [{"debconf": ["tool"], "asked": {"other/mode": {}}, "why": "w"}],
    }
    base = make.layer(lib, policy=policy)
    assert base.text("var/cache/debconf/config.dat").count("Owners: lib, lib:amd64\n") == 3
    assert base.mode("var/cache/debconf/passwords.dat") == 0o600
    top, both = make.layer(tool, base=base, policy=policy), make.layer(lib, tool, policy=policy)
    for name in ("config.dat", "templates.dat"):
        assert top.text(f"var/cache/debconf/{name}") == both.text(f"var/cache/debconf/{name}")
    assert "Owners: lib, lib:amd64, tool\n" in top.text("var/cache/debconf/config.dat")
    unchanged = make.layer(make.deb("third", Content()), base=top)
    assert not any("debconf" in name for name in unchanged.names())
