"""Parts of tiny wheels that go together, and those that don't."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.testing.tiny_wheel import TinyWheel
from tools.venv_check.__main__ import main
from tools.venv_check.requires import allows
from tools.venv_part.facts import Facts, File
from tools.venv_part.libraries import Looker
from tools.venv_part.part import write_part
from tools.venv_part.place import Venv

VENV = Venv("/usr/share/python3/app", "3.11")
SITE = "usr/share/python3/app/lib/python3.11/site-packages"


class Check:
    """A check in the making."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ok = folder / "ok"
        self.facts: list[str] = []

    def wheel(self, name: str, files: Mapping[str, bytes] | None = None, **fields: str) -> None:
        wheel = TinyWheel(name, files=files or {}, **fields).write(self.folder)
        self.add(write_part(wheel, VENV, io.BytesIO(), Looker()))

    def add(self, facts: Facts) -> None:
        path = self.folder / f"{len(self.facts)}.json"
        path.write_text(facts.dumps(), encoding="utf-8")
        self.facts.append(str(path))

    def run(self, *options: str, version: str = "3.11.2") -> None:
        main(["--version", version, "--arch", "amd64", *options, "--ok", str(self.ok), *self.facts])
        assert self.ok.exists()


@pytest.fixture(name="check")
def _check(tmp_path: Path) -> Check:
    return Check(tmp_path)


def test_different_files_of_one_path_are_an_error_that_names_both_wheels(check: Check) -> None:
    check.wheel("one", {"space/__init__.py": b"one", "space/other.py": b"1"})
    check.wheel("two", {"space/__init__.py": b"two", "space/other.py": b"2"})
    with pytest.raises(ToolError) as caught:
        check.run()
    for name in ("__init__", "other"):
        wheels = "one-1.0-py3-none-any.whl and two-1.0-py3-none-any.whl"
        assert f"error: /{SITE}/space/{name}.py is in both {wheels}, and differs\n" in str(caught.value)
    assert not check.ok.exists()


def test_different_modes_are_told(check: Check) -> None:
    wheels = [TinyWheel(name, files={"space/run": b"same"}).write(check.folder) for name in ("one", "two")]
    for wheel, mode in zip(wheels, (0o644, 0o755), strict=True):
        facts = write_part(wheel, VENV, io.BytesIO(), Looker())
        run = f"{SITE}/space/run"
        check.add(replace(facts, files={**facts.files, run: replace(facts.files[run], mode=mode)}))
    with pytest.raises(ToolError, match="and differs, in its mode: 644 and 755"):
        check.run()


def test_numbers_without_end_are_none(check: Check) -> None:
    check.wheel("one", requires_python=f">={'9' * 5000}")
    check.run()
    check.add(Facts("two.whl", "two", "1.0", tags=(f"py3{'9' * 5000}-none-any",)))
    with pytest.raises(ToolError, match=r"two 1\.0 is for py3999"):
        check.run()


def test_different_files_are_allowed_by_name(check: Check) -> None:
    check.wheel("one", {"space/__init__.py": b"one", "space/other.py": b"1"})
    check.wheel("two", {"space/__init__.py": b"two", "space/other.py": b"2"})
    with pytest.raises(ToolError) as caught:
        check.run("--allow", "/usr/share/python3/app/lib/*/space/__init__.py")
    assert "other.py is in both" in str(caught.value)
    assert "__init__" not in str(caught.value)
    check.run("--allow", "*/space/__init__.py", "--allow", f"/{SITE}/space/other.py")


def test_a_file_where_another_wheel_has_a_folder_is_an_error(check: Check) -> None:
    check.wheel("one", {"space": b"file"})
    check.wheel("two", {"space/two.py": b"two"})
    with pytest.raises(ToolError, match=r"/space is a file in one-1.0-.* and a folder in two-1.0-"):
        check.run()


def test_a_file_in_the_way_of_byte_code_is_an_error(check: Check) -> None:
    check.wheel("one", {"space/__pycache__": b""})
    code = {f"{SITE}/space/__pycache__/two.cpython-311.pyc": File.of(0o644, b"")}
    check.add(Facts("two", compiled=code))
    with pytest.raises(ToolError, match=r"/space/__pycache__ is a file in one-1.0-.* and a folder in two"):
        check.run()


def test_a_link_is_no_folder(check: Check) -> None:
    check.add(Facts("the skeleton", links={"usr/share/python3/app/lib64": "lib"}))
    check.wheel("one", {"one-1.0.data/data/lib64/x": b""})
    with pytest.raises(ToolError, match=r"/lib64 is a file in the skeleton and a folder in one-1.0-"):
        check.run()


def test_a_distribution_is_there_once(check: Check) -> None:
    check.wheel("some_name", version="1.0")
    check.wheel("Some.Name", version="2.0")
    with pytest.raises(ToolError, match=r"is there twice: .*ome.*whl and .*ome.*whl"):
        check.run()


def test_a_wheel_for_another_python_is_an_error(check: Check) -> None:
    check.wheel("one", requires_python=">=3.11.5")
    with pytest.raises(ToolError, match=r"one 1\.0 requires Python >=3\.11\.5, this is Python 3\.11\.2"):
        check.run(version="3.11.2")
    check.run(version="3.11.5")


@pytest.mark.parametrize(
    ("requires", "allowed"),
    [
        ("", True),
        (">=3.8", True),
        (">=3.11.2", True),
        (">=3.11.3", False),
        (">3.11", True),
        ("<3.11", False),
        ("<4", True),
        ("<=3.11.1", False),
        ("!=3.11.*", False),
        ("!=3.1.*", True),
        ("==3.*", True),
        ("==3.11", False),
        ("!=3.11.2, >=3", False),
        ("~=3.9", True),
        ("~=3.10.1", False),
        ("~=3.11.1", True),
        (">=3.9,<3.11", False),
        (">= 3.9 , < 3.12", True),
        (">=3.12.0rc1", False),
        ("anything", True),
    ],
)
def test_requires_python(requires: str, allowed: bool) -> None:
    assert allows(requires, "3.11.2") == allowed
