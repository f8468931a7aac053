"""Who does what when in the contest: two small sides, a real registry, and the bytes that it is sent."""

from __future__ import annotations

import json
import urllib.error
from pathlib import Path

import pytest

from tests.airgap.layout import sha256
from tests.airgap.registry import Registry
from tests.benchmark.publishing.contest import APP, BARE, COLD, NOOP, PIN, RESTART, SCENARIOS, Contest
from tests.benchmark.publishing.sides import TAG
from tools.image_run.testing import file, single

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LOCKS = ("wheel==1\n" * 1000, "wheel==2\n" * 1000)


class Files:
    """Builds an image with a layer a file of the sources, or, with `whole`, with all in one."""

    def __init__(self, folder: Path, *, whole: bool) -> None:
        self.repository = folder.name
        self.sources = folder
        self.sources.mkdir()
        self.calls: list[str] = []
        self._whole = whole
        self._layers: list[bytes] = []
        self._registry = Registry("")

    def fresh(self, registry: str, *, base: bool) -> None:
        self.calls.append(f"fresh {base}")
        self._registry = Registry(registry)

    def start(self) -> None:
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")

    def servers(self) -> list[int]:
        return []

    def build(self) -> None:
        self.calls.append("build")
        layers = [(self.sources / name).read_bytes() for name in ("requirements.txt", "app/train.py")]
        self._layers = [b"".join(layers)] if self._whole else layers

    def push(self) -> None:
        self.calls.append("push")
        for data in self._layers:
            self._put(data)
        entries = [{"mediaType": "x/y", "digest": sha256(data), "size": len(data)} for data in self._layers]
        config = {"mediaType": "x/y", "digest": self._put(b"{}"), "size": 2}
        document = {"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": entries}
        self._registry.put_manifest(self.repository, TAG, json.dumps(document).encode(), _MANIFEST)

    def close(self) -> None:
        self.calls.append("close")

    def _put(self, data: bytes) -> str:
        try:
            self._registry.request("HEAD", f"{self.repository}/blobs/{sha256(data)}")
        except urllib.error.HTTPError:
            return self._registry.put_blob(self.repository, data)
        return sha256(data)


def contest(folder: Path) -> tuple[Contest, Files, Files]:
    whole, parts = Files(folder / "whole", whole=True), Files(folder / "parts", whole=False)
    layouts = [single(folder / name, [file("etc/name", name.encode())]) for name in ("buildtime", "runtime")]
    return Contest(folder, {"whole": whole, "parts": parts}, LOCKS, layouts), whole, parts


def test_each_scenario_changes_what_it_says(tmp_path: Path) -> None:
    made, whole, parts = contest(tmp_path)
    made.run(list(SCENARIOS), check=False)
    sent = {
        scenario: {name: turn.sent for name, (turn,) in by_side.items()}
        for scenario, by_side in made.results.items()
    }
    lock = len(LOCKS[0])
    application = (tmp_path / "parts/app/train.py").stat().st_size
    overhead = 1000  # at most: manifest and config
    for name in ("whole", "parts"):
        assert lock + application < sent[BARE][name] < lock + application + overhead
        assert sent[COLD][name] == sent[BARE][name], "into a registry that has nothing of before"
        assert sent[NOOP][name] == sent[RESTART][name] < overhead
    assert lock < sent[APP]["whole"] == sent[PIN]["whole"]
    assert application < sent[APP]["parts"] < application + overhead
    assert lock < sent[PIN]["parts"] < lock + overhead
    assert all(turn.image == lock + application for (turn,) in made.results[PIN].values())
    assert whole.calls == parts.calls


def test_servers_start_on_the_clock_where_they_must_and_nowhere_else(tmp_path: Path) -> None:
    made, side, _ = contest(tmp_path)
    made.run(list(SCENARIOS), check=False)
    assert " ".join(side.calls) == (
        "fresh False start build push fresh True start build push build push stop start build push "
        "build push build push"
    )
    assert all(turn.start > 0 for name in (BARE, COLD, RESTART) for (turn,) in made.results[name].values())
    assert all(turn.start == 0 for name in (NOOP, APP, PIN) for (turn,) in made.results[name].values())


@pytest.mark.parametrize("scenario", [NOOP, APP, PIN])
def test_one_scenario_comes_after_a_cold_one(tmp_path: Path, scenario: str) -> None:
    made, *_ = contest(tmp_path)
    made.run([scenario], check=False)
    assert list(made.results) == [COLD, scenario]


def test_runs_add_up_and_each_begins_anew(tmp_path: Path) -> None:
    made, *_ = contest(tmp_path)
    for _ in range(2):
        made.run([COLD, PIN], check=False)
    for name in (COLD, PIN):
        one, other = made.results[name]["parts"]
        assert one.sent == other.sent
