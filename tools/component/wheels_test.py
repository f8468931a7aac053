"""What a wheel's METADATA says, and what of it is believed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.component.wheels import licence, of_wheel
from tools.testing.tiny_wheel import TinyWheel

OSI = "License :: OSI Approved :: "


@pytest.mark.parametrize(
    ("expression", "text", "classifiers", "found"),
    [
        ("MIT OR Apache-2.0", "BSD", [OSI + "BSD License"], "MIT OR Apache-2.0"),
        ("MIT or Apache-2.0  with LLVM-exception", "", [], "MIT OR Apache-2.0 WITH LLVM-exception"),
        ("LicenseRef-Own", "", [], "LicenseRef-pypi-x-Own"),
        ("Apache 2.0", "", [OSI + "MIT License"], "MIT"),
        ("(MIT OR", "", [OSI + "MIT License"], "MIT"),
        ("", "BSD-3-Clause", [], "BSD-3-Clause"),
        ("", "Apache License, Version 2.0", [], "Apache-2.0"),
        ("", "MIT  License", [], "MIT"),
        ("", "Copyright (c) me\n\nRedistribution ... " + "x" * 100, [OSI + "MIT License"], "MIT"),
        ("", "", [OSI + "ISC License (ISCL)", OSI + "MIT License"], "ISC AND MIT"),
        ("", "", [OSI + "BSD License"], "LicenseRef-pypi-x-BSD-License"),
        ("", "NVIDIA Proprietary Software", [], "LicenseRef-pypi-x-NVIDIA-Proprietary-Software"),
        ("", "LicenseRef-NVIDIA-Proprietary", [], "LicenseRef-pypi-x-NVIDIA-Proprietary"),
        ("", "", [], ""),
        ("see; the file", "", [], ""),
    ],
)
def test_licence_by_the_best_that_is_said(
    expression: str, text: str, classifiers: list[str], found: str
) -> None:
    said = licence("x", expression, text, classifiers)
    assert said.expression == found
    assert list(said.refs) == ([found] if found.startswith("LicenseRef") else [])


def test_a_name_of_the_projects_own_in_an_expression_is_explained() -> None:
    """A document of SPDX tells of each LicenseRef in it, and two projects may mean other things by one."""
    said = licence("x", "(MIT AND LicenseRef-Own) OR LicenseRef-B.2", "", [])
    assert said.expression == "(MIT AND LicenseRef-pypi-x-Own) OR LicenseRef-pypi-x-B.2"
    assert said.refs == {
        "LicenseRef-pypi-x-B.2": "B.2: see the .dist-info folder of x",
        "LicenseRef-pypi-x-Own": "Own: see the .dist-info folder of x",
    }


def test_component_of_a_wheel(tmp_path: Path) -> None:
    requires = [
        "Ruamel.YAML (>=1,<2)",
        "numpy[x]>=2; python_version < '4'",
        "pytest; extra == 'test'",
        "numpy<3",
    ]
    path = TinyWheel("nvidia-x", "1.0+cu12", requires=requires).write(tmp_path)
    found = of_wheel(path)
    assert (found.kind, found.name, found.version) == ("wheel", "nvidia-x", "1.0+cu12")
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.file == path.name
    assert found.supplier == "NVIDIA Corporation"
    assert found.requires == (("ruamel-yaml",), ("numpy",))
    assert of_wheel(path, sdist="nvidia_x-1.0.tar.gz").source == "nvidia_x-1.0.tar.gz"


def test_what_is_no_wheel_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x-1-py3-none-any.whl"
    path.write_bytes(b"PK")
    with pytest.raises(ToolError, match="not a whole wheel"):
        of_wheel(path)
