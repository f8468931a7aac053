"""Which tags of wheels fit a target, and what a file's name says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.sdist_wheel.order import Order, Target


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("cp311-cp311-linux_x86_64", True),
        ("cp311-abi3-linux_x86_64", True),
        ("cp39-abi3-linux_x86_64", True),
        ("cp39-none-any", False),
        ("py3-none-any", True),
        ("py39-none-any", True),
        ("py3-none-linux_x86_64", True),
        ("cp311-none-any", True),
        ("cp312-cp312-linux_x86_64", False),
        ("cp312-abi3-linux_x86_64", False),
        ("cp39-cp39-linux_x86_64", False),
        ("py312-none-any", False),
        ("py2-none-any", False),
        ("cp311-cp311-linux_aarch64", False),
        ("cp311-cp311-win_amd64", False),
        ("cp311-cp311d-linux_x86_64", False),
        ("py3-cp311-linux_x86_64", False),
        ("nonsense", False),
    ],
)
def test_tags(tag: str, fits: bool) -> None:
    assert Target("3.11", "amd64").fits(tag) == fits


def test_the_other_architecture() -> None:
    assert Target("3.9", "arm64").fits("cp39-cp39-linux_aarch64")
    assert not Target("3.9", "arm64").fits("cp39-cp39-linux_x86_64")


def order(name: str) -> Order:
    return Order(Path(name), Target("3.11", "amd64"), Path("layout"), "//:image", "//:x")


@pytest.mark.parametrize(
    ("name", "pin"),
    [
        ("mysqlclient-2.2.7.tar.gz", ("mysqlclient", "2.2.7")),
        ("some-old-name-1.0.zip", ("some-old-name", "1.0")),
        ("a-1.0+local.tar.bz2", ("a", "1.0+local")),
        ("a-1.0.tgz", ("a", "1.0")),
        ("a-1.0.tar", ("a", "1.0")),
    ],
)
def test_names(name: str, pin: tuple[str, str]) -> None:
    assert order(name).pin == pin


def test_a_name_without_a_version() -> None:
    with pytest.raises(ToolError, match=r"is not called NAME-VERSION\.tar\.gz"):
        _ = order("mysqlclient.tar.gz").pin
