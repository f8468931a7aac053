"""What a Python program finds around itself: in an action, as a tool of a test, and started by hand."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

_HERE = Path("tests/airgap/python/exe")
_IS_DROPIN = os.environ["IS_DROPIN"] == "1"
# The files of a program are itself and its sources.
_PROGRAM = Path(next(path for path in os.environ["PROBE"].split() if Path(path).name == "probe")).absolute()
_EXPECTED = {
    "argv": [],
    "data": "runfile\n",
    "exit": True,
    "file": "probe.py",
    "greeting": "hello",
    "library": True,
    "main": "__main__",
    "tool_error": "tools.common.errors",
}
# Every method that the drop-in's Runfiles has. Upstream's version that it stands for has them all, and more.
_RUNFILES = {"Create", "CreateDirectoryBased", "CurrentRepository", "EnvVars", "Rlocation"}


def _run(environment: dict[str, str], *command: str, cwd: Path | None = None) -> dict[str, Any]:
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert isinstance(facts, dict)
    return facts


@pytest.mark.parametrize(
    ("name", "arguments"), [("probe_run", ["--flag", "two words"]), ("probe_module_run", [])]
)
def test_in_an_action(name: str, arguments: list[str]) -> None:
    facts = json.loads((_HERE / f"{name}.json").read_text(encoding="utf-8"))
    assert facts.items() >= (_EXPECTED | {"argv": facts["argv"], "environment": "action"}).items()
    assert facts["argv"][0] == "--out"
    assert facts["argv"][2:] == arguments
    assert not facts["network"]


def test_the_drop_ins_runfiles_are_part_of_upstreams() -> None:
    found = set(json.loads((_HERE / "probe_run.json").read_text(encoding="utf-8"))["runfiles"])
    assert found >= _RUNFILES
    assert found == _RUNFILES or not _IS_DROPIN


@pytest.mark.parametrize("variable", ["RUNFILES_DIR", "TEST_SRCDIR", None])
def test_as_a_tool_of_a_test(variable: str | None) -> None:
    kept = {variable: os.environ[variable]} if variable else {}
    assert _run(kept, str(_PROGRAM), "a").items() >= (_EXPECTED | {"argv": ["a"]}).items()


def test_from_another_folder_through_a_link(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(_PROGRAM)
    assert _run({}, str(link), cwd=tmp_path).items() >= _EXPECTED.items()


def test_runfiles_of_another_program_do_not_confuse_it(tmp_path: Path) -> None:
    assert _run({"RUNFILES_DIR": str(tmp_path)}, str(_PROGRAM)).items() >= _EXPECTED.items()


def test_no_package_gets_a_file_that_is_not_in_the_sources() -> None:
    assert [*Path("tests").rglob("*.py")]
    assert not [*Path("tests").rglob("__init__.py")]


@pytest.mark.skipif(not _IS_DROPIN, reason="upstream lets PYTHON* variables in")
def test_the_users_environment_stays_out(tmp_path: Path) -> None:
    for name in ("greeting.py", "json.py", "sitecustomize.py", "usercustomize.py"):
        (tmp_path / name).write_text("raise SystemExit('the poison got in')")
    user_site = tmp_path / "home/.local/lib/python3/site-packages"
    user_site.mkdir(parents=True)
    environment = {
        "HOME": str(tmp_path / "home"),
        "LC_ALL": "C",
        "PYTHONHASHSEED": "nonsense",
        "PYTHONHOME": str(tmp_path),
        "PYTHONPATH": str(tmp_path),
        "PYTHONSTARTUP": str(tmp_path / "json.py"),
        "PYTHONUSERBASE": str(tmp_path / "home/.local"),
    }
    facts = _run(environment, str(_PROGRAM), "ä", cwd=tmp_path)
    assert facts.items() >= (_EXPECTED | {"argv": ["ä"], "writes_bytecode": False}).items()


@pytest.mark.skipif(not _IS_DROPIN, reason="upstream's Python writes byte code")
def test_nothing_is_written_beside_the_sources() -> None:
    _run({}, str(_PROGRAM))
    assert not list(_HERE.rglob("__pycache__"))
