"""Tables, goals and picture of the contest's figures."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.layout import sha256
from tests.airgap.registry import serve
from tests.benchmark.publishing.contest import APP, COLD, NOOP, PIN, Results, Turn, image_size
from tests.benchmark.publishing.picture import picture
from tests.benchmark.publishing.results import comparison, goals, parts

RESULTS: Results = {
    COLD: {
        "podman": [
            Turn(0, 60, 30, 120, 150_000_000, 190_000_000),
            Turn(0, 62, 31, 124, 150_000_000, 190_000_000),
        ],
        "bazel": [Turn(4, 20, 2, 40, 160_000_000, 200_000_000), Turn(6, 24, 4, 48, 160_000_000, 200_000_000)],
    },
    NOOP: {
        "podman": [Turn(0, 4, 1, 8, 900, 190_000_000)],
        "bazel": [Turn(0, 1, 0.5, 2, 0, 200_000_000)],
    },
    PIN: {
        "podman": [Turn(0, 60, 30, 120, 150_000_000, 190_000_000)],
        "bazel": [Turn(0, 3, 1, 6, 10_600_000, 200_000_000)],
    },
}


def _cells(table: str) -> Iterator[list[str]]:
    for line in table.splitlines():
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_has_medians_and_ratios() -> None:
    head, _, *rows = _cells(comparison(RESULTS))
    assert head[:7] == ["", "podman", "bazel", "ratio", "podman pushes", "bazel pushes", "ratio"]
    assert [row[1:] for row in rows] == [
        ["91.5 s", "25.0 s", "0.27", "150.0 MB", "160.0 MB", "1.07", "190.0 MB", "200.0 MB"],
        ["5.00 s", "1.50 s", "0.30", "0.9 kB", "0.0 kB", "0", "190.0 MB", "200.0 MB"],
        ["90.0 s", "4.00 s", "0.044", "150.0 MB", "10.6 MB", "0.071", "190.0 MB", "200.0 MB"],
    ]


def test_the_table_has_gaps_where_one_side_was_left_out() -> None:
    (*_, row) = _cells(comparison({APP: {"bazel": RESULTS[NOOP]["bazel"]}}))
    assert row[1:] == ["", "1.50 s", "", "", "0.0 kB", "", "", "200.0 MB"]


def test_the_parts_have_the_servers_start_and_the_spread() -> None:
    _, _, *rows = _cells(parts(RESULTS))
    assert [row[1:] for row in rows[:3]] == [
        ["podman", "61.0 s", "", "30.5 s", "90.0 s", "93.0 s", "122.0 s"],
        ["bazel", "22.0 s", "5.00 s", "3.00 s", "22.0 s", "28.0 s", "44.0 s"],
        ["podman", "4.00 s", "", "1.00 s", "5.00 s", "5.00 s", "8.00 s"],
    ]


def test_goals_say_what_was_reached() -> None:
    assert [str(goal).split()[:2] for goal in goals(RESULTS, 10_000_000)] == [
        ["reached", "0.273"],
        ["missed", "0.300"],
        ["missed", "1.060"],
        ["reached", "0.044"],
        ["reached", "0.071"],
    ]


def test_goals_are_silent_on_what_was_not_tried() -> None:
    results = {PIN: {"bazel": RESULTS[PIN]["bazel"]}}
    assert [goal.what for goal in goals(results, 10_000_000)] == [
        "times the wheel's size pushed, one pin bumped"
    ]


def test_the_picture_has_bars_in_proportion() -> None:
    root = ET.fromstring(picture("wheels & more", RESULTS))
    name = "{http://www.w3.org/2000/svg}"
    bars = [each for each in root.iter(name + "rect") if each.attrib["height"] == "18"]
    widths = [float(each.attrib["width"]) for each in bars]
    assert len(widths) == len(RESULTS) * 4
    assert widths[1] / widths[0] == pytest.approx(25 / 91.5, abs=0.01)
    assert widths[2] / widths[3] == pytest.approx(150 / 160, abs=0.01)
    assert "wheels & more" in [each.text for each in root.iter(name + "text")]


def test_the_size_of_an_image_is_that_of_its_layers(tmp_path: Path) -> None:
    """Of an index, too."""
    with serve(tmp_path / "registry") as registry:
        blobs = [registry.put_blob("app", data) for data in (b"{}", b"one", b"three")]
        media_type = "application/vnd.oci.image.manifest.v1+json"
        entries = [{"mediaType": "x/y", "digest": digest, "size": 3} for digest in blobs]
        document = {"schemaVersion": 2, "mediaType": media_type, "config": entries[0], "layers": entries[1:]}
        manifest = json.dumps(document).encode()
        registry.put_manifest("app", "image", manifest, media_type)
        image = {"mediaType": media_type, "digest": sha256(manifest), "size": len(manifest)}
        index_type = "application/vnd.oci.image.index.v1+json"
        index = json.dumps({"schemaVersion": 2, "mediaType": index_type, "manifests": [image]}).encode()
        registry.put_manifest("app", "index", index, index_type)
        assert image_size(registry, "app", "image") == image_size(registry, "app", "index") == 6
