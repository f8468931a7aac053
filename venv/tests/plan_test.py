"""The plan for the environment with JupyterLab, from its real lock in a repository with a past."""

from __future__ import annotations

import json
import os
import re
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

LOCK = Path(os.environ["LOCK"])


@pytest.fixture(name="workspace")
def _workspace(tmp_path: Path) -> Path:
    now = LOCK.read_text(encoding="utf-8")
    before, count = re.subn(r"^(jupyterlab|idna)==\S+", r"\1==0.1", now, flags=re.MULTILINE)
    assert count >= 2
    env = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for number, text in enumerate([before, now]):
        (tmp_path / "lock.txt").write_text(text, encoding="utf-8")
        dates = {f"GIT_{who}_DATE": f"@{(1700 + number) * 10**6} +0000" for who in ("AUTHOR", "COMMITTER")}
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "pins"]):
            git = ["git", "-c", "user.name=n", "-c", "user.email=e", *command]
            subprocess.run(git, cwd=tmp_path, env={**os.environ, **env, **dates}, check=True)
    return tmp_path


def plan(workspace: Path, *arguments: str) -> str:
    """What the executable prints."""
    done = subprocess.run(
        [Path(os.environ["PLAN"]).absolute(), *arguments],
        env={**os.environ, "BUILD_WORKSPACE_DIRECTORY": str(workspace)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def test_each_distribution_is_in_one_layer_and_what_changes_is_on_top(workspace: Path) -> None:
    data: dict[str, Any] = json.loads(plan(workspace, "--json"))
    assert (data["problem"], data["locks"], data["days"]) == (None, ["lock.txt"], 11)
    changes = {name: each["changes"] for name, each in data["distributions"].items()}
    assert {name for name, count in changes.items() if count} == {"jupyterlab", "idna"}
    named = [name for names in data["layers"].values() for name in names]
    homes = {name: [glob for glob in named if fnmatchcase(name, glob)] for name in changes}
    assert {name for name, globs in homes.items() if not globs} == {*data["rest"]}
    assert all(len(globs) <= 1 for globs in homes.values())
    assert {"jupyterlab", "idna"} & {*data["rest"]}
    assert 1 <= len(data["layers"]) < 8
    ways = data["pushed_a_month"]
    assert ways["layers proposed"] < ways["layers as they are"] == ways["one layer"]


def test_the_text_is_the_same_each_time_and_can_be_pasted(workspace: Path) -> None:
    text = plan(workspace)
    assert plan(workspace) == text
    _, _, pasted = text.partition("layers = ")
    values = eval(f"[{pasted}]", {})
    assert values == [json.loads(plan(workspace, "--json"))["layers"]]


def test_most_is_kept(workspace: Path) -> None:
    assert json.loads(plan(workspace, "--json", "--most", "1"))["layers"] == {}
