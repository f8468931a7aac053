"""The order of versions, held against the real dpkg."""

import itertools
import random
import subprocess

import pytest

from tools.deb_version.versions import compare, satisfies

VERSIONS = [
    *("1", "01", "1.0", "1.", "1~", "1~~", "1~~a", "1~rc1", "1a", "1+", "1+b1", "1Z", "1z", "0", "0:1"),
    *("1:0", "1-0", "1-1", "1-1~bpo", "1:2:3", "1:1-2-3", "2:1.2-3+b1", "3.0.13-0ubuntu3.5", "3.0.9"),
    *("3.0.22-1~deb12u2", "2.39-0ubuntu8.4", "2.36", "20230311ubuntu0.22.04.1", "20240203", "8.2-1.3"),
    *("7.0~beta", "5.1.1alpha+20120614"),
]  # fmt: skip


def dpkg(one: str, operator: str, other: str) -> bool:
    return subprocess.run(["dpkg", "--compare-versions", one, operator, other], check=False).returncode == 0


def test_order_is_dpkgs() -> None:
    for one, other in itertools.combinations(VERSIONS, 2):
        expected = -1 if dpkg(one, "lt", other) else 1 if dpkg(one, "gt", other) else 0
        assert (compare(one, other), compare(other, one)) == (expected, -expected), (one, other)


def test_order_of_arbitrary_versions_is_dpkgs() -> None:
    chance = random.Random(7)
    made = ["1" + "".join(chance.choices("009aZ~+.-", k=chance.randrange(7))).rstrip("-") for _ in range(400)]
    for one, other in zip(made[::2], made[1::2], strict=True):
        assert compare(one, other) == dpkg(one, "gt", other) - dpkg(one, "lt", other), (one, other)


@pytest.mark.parametrize("operator", ["<<", "<=", "<", "=", ">=", ">", ">>"])
def test_relations_are_dpkgs(operator: str) -> None:
    for version in ("1.0-1", "1.0-2", "1.0-3"):
        assert satisfies(version, operator, "1.0-2") == dpkg(version, operator, "1.0-2")
