"""One's own interpreter, a toolchain of rules_python's type, is found for its Python and platform alone."""

import json
import os
from pathlib import Path
from typing import Any

import pytest


def facts(name: str) -> Any:
    return json.loads(Path(os.environ[name]).read_text())


def test_it_is_found_with_its_version_and_files() -> None:
    found = facts("MINE")
    assert found["version"] == "3.12"
    assert found["files"] == ["bin/python3.12", "lib/python3.12/library.txt"]
    assert found["root"].endswith("tests/airgap/python/runtime/python")


@pytest.mark.parametrize(("name", "version"), [("OTHER_ARCH", "3.12"), ("OTHER_PYTHON", "3.14")])
def test_another_python_or_platform_does_not_get_it(name: str, version: str) -> None:
    found = facts(name)
    if os.environ["IS_DROPIN"]:
        assert found == {"files": [], "root": "", "version": ""}
    else:
        assert found["version"] == version
        assert f"bin/python{version}" in found["files"]
        assert "tests/airgap" not in found["root"]
