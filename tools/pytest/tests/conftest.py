import pytest


@pytest.fixture
def from_conftest() -> str:
    return "conftest"
