"""One name for each distribution, however it is written."""

import pytest

from tools.common.names import canonical


@pytest.mark.parametrize("name", ["ruamel.yaml", "ruamel_yaml", "Ruamel-YAML", "ruamel__.yaml"])
def test_spellings_are_one_name(name: str) -> None:
    assert canonical(name) == "ruamel-yaml"
