"""The simulation does what it says, and docs/scale.md has what it prints."""

import json
from pathlib import Path

import pytest

from tests.remote_cache.fleet import Cache, Fleet, Thing, report, simulate, wait

_COSTS = json.loads(Path("tests/remote_cache/fleet.json").read_text(encoding="utf-8"))
_FEW = Fleet(images=5, builds=20, days=4, wheels=30, pins=5)


def thing(name: str, size: float, *, is_layer: bool = False) -> Thing:
    return Thing((name,), size, 1, is_layer)


def test_the_cache_forgets_what_was_not_used_for_longest() -> None:
    cache = Cache(limit=10)
    assert [cache.has(thing(name, 4)) for name in "abacab"] == [False, False, True, False, True, False]


def test_a_small_cache_holds_no_layers() -> None:
    cache = Cache(limit=10, small=True)
    assert [cache.has(thing("a", 4, is_layer=True)) for _ in "ab"] == [False, False]
    assert not cache.held


def test_without_a_cache_nothing_is_read() -> None:
    day = simulate(_FEW, _COSTS, Cache(0))
    assert (day.hits, day.read, day.lean, day.written) == (0, 0, 0, 0)
    assert day.made > 0


def test_a_larger_cache_is_never_worse_and_the_result_is_the_same_each_time() -> None:
    made = [simulate(_FEW, _COSTS, Cache(limit)).made for limit in (0, 100, 1000, 10000)]
    assert made == sorted(made, reverse=True)
    assert made[0] > made[-1]
    assert simulate(_FEW, _COSTS, Cache(1000)).made == made[2]


@pytest.mark.parametrize(("cores", "slowest"), [(1, 200), (100, 10)])
def test_builds_wait_for_a_core(cores: int, slowest: float) -> None:
    median, slow = wait([10.0] * 20, cores, hours=0, seed=1)
    assert slow == pytest.approx(slowest)
    assert 10 <= median <= slow


def test_the_guide_has_the_tables() -> None:
    assert "\n".join(report()) in Path("docs/scale.md").read_text(encoding="utf-8")
