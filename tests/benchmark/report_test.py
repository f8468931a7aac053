"""Table and chart of a benchmark's figures."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.benchmark.chart import chart
from tests.benchmark.layers import FLOOR, GZIP, OURS, ZSTD, goals
from tests.benchmark.measure import python
from tests.benchmark.report import table
from tools.common.errors import ToolError
from tools.testing.tiny_wheel import TinyWheel

SECONDS = {"bazel": [12.0, 9.0, 10.0], "mmdebstrap & co": [40.0, 41.0]}


def test_table_has_medians_extremes_and_ratios() -> None:
    assert table(SECONDS, "mmdebstrap & co").splitlines() == [
        "                 median   least    most  ratio",
        "bazel            10.0 s   9.0 s  12.0 s   0.25",
        "mmdebstrap & co  40.5 s  40.0 s  41.0 s   1.00",
    ]


def test_table_has_more_columns_and_digits() -> None:
    columns = {"MB": {"bazel": "1.5", "mmdebstrap & co": ""}}
    assert table(SECONDS, "bazel", columns, digits=2).splitlines() == [
        "                  median    least     most  ratio   MB",
        "bazel            10.00 s   9.00 s  12.00 s   1.00  1.5",
        "mmdebstrap & co  40.50 s  40.00 s  41.00 s   4.05     ",
    ]


def test_goals_say_what_was_reached() -> None:
    medians = {GZIP: 8.0, ZSTD: 2.0, FLOOR: 1.0, OURS: 1.5}
    lines = goals(medians, {GZIP: 100, OURS: 104}, 65 << 20)
    assert [line.split()[:2] for line in lines] == [
        ["missed", "0.188"],
        ["reached", "0.750"],
        ["missed", "1.500"],
        ["reached", "1.040"],
        ["missed", "65.000"],
    ]


@pytest.mark.parametrize("way", ["gzip", "zstd", "floor", "ours"])
def test_each_way_makes_something_of_wheels(way: str, tmp_path: Path) -> None:
    wheel = TinyWheel("tiny", files={"tiny/data": bytes(9999)}).write(tmp_path)
    (tmp_path / "scratch").mkdir()
    where = [f"--output={tmp_path / 'out'}", f"--scratch={tmp_path / 'scratch'}"]
    done = python("-m", "tests.benchmark.contestants", way, *where, wheel)
    assert 0 < done.cpu < 60
    assert done.memory > 1 << 20
    begins = {"gzip": b"\x1f\x8b", "ours": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd", "floor": b""}[way]
    data = (tmp_path / "out").read_bytes()
    assert data.startswith(begins)
    assert way != "floor" or len(data.split()) == 2


def test_what_fails_is_an_error() -> None:
    with pytest.raises(ToolError, match=r"-c raise SystemExit\(3\) \.\.\. exits 3"):
        python("-c", "raise SystemExit(3)")


def test_chart_has_a_bar_as_long_as_each_median_and_a_dot_for_each_run() -> None:
    root = ET.fromstring(chart("a < b", SECONDS))
    name = "{http://www.w3.org/2000/svg}"
    widths = [float(each.attrib["width"]) for each in list(root.iter(name + "rect"))[1:]]
    assert round(widths[1] / widths[0], 2) == 4.05
    assert len(list(root.iter(name + "circle"))) == 5
    texts = [each.text for each in root.iter(name + "text")]
    assert texts == ["a < b", "bazel", "10.0 s", "mmdebstrap & co", "40.5 s"]
