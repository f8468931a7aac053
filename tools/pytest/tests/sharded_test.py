"""Each shard runs its share: with three shards and three tests, one."""

import os

import pytest


@pytest.mark.parametrize("number", range(3))
def test_share(number: int) -> None:
    assert number == int(os.environ["TEST_SHARD_INDEX"])
