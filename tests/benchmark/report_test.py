"""Table and chart of a benchmark's figures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tests.benchmark.chart import chart
from tests.benchmark.report import table

SECONDS = {"bazel": [12.0, 9.0, 10.0], "mmdebstrap & co": [40.0, 41.0]}


def test_table_has_medians_extremes_and_ratios() -> None:
    assert table(SECONDS, "mmdebstrap & co").splitlines() == [
        "                 median   least    most  ratio",
        "bazel            10.0 s   9.0 s  12.0 s   0.25",
        "mmdebstrap & co  40.5 s  40.0 s  41.0 s   1.00",
    ]


def test_chart_has_a_bar_as_long_as_each_median_and_a_dot_for_each_run() -> None:
    root = ET.fromstring(chart("a < b", SECONDS))
    name = "{http://www.w3.org/2000/svg}"
    widths = [float(each.attrib["width"]) for each in list(root.iter(name + "rect"))[1:]]
    assert round(widths[1] / widths[0], 2) == 4.05
    assert len(list(root.iter(name + "circle"))) == 5
    texts = [each.text for each in root.iter(name + "text")]
    assert texts == ["a < b", "bazel", "10.0 s", "mmdebstrap & co", "40.5 s"]
