"""Two machines build the matrix through one cache; prints what that takes, for docs/remote_cache.md.

./bazelw test //tests/remote_cache:matrix_test --test_output=all
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.remote_cache.machine import Machine, machine
from tests.remote_cache.servers import Server, nginx

_IMAGES = os.environ["IMAGES"].split()
_SMALL = "--config=remote-cache-small"
_MB = 1e6


@dataclass
class First:
    """What the first machine left, and what it measured."""

    cache: Server
    indexes: dict[str, bytes] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


@pytest.fixture(scope="module", name="first")
def _first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[First]:
    folder = tmp_path_factory.mktemp("matrix")
    log, outputs = folder / "spawns.json", Counter[str]()
    with nginx(folder / "nginx") as cache:
        found = First(cache)
        with machine(folder / "first") as one:
            for image in _IMAGES:
                before = stored(cache)
                options = [*_options(cache, "remote-cache-write"), f"--execution_log_json_file={log}"]
                built = one.build(image, *options, login=cache.login)
                assert built.local == sum(built.done.values())
                outputs += sizes(log)
                found.indexes[image] = index(one, image)
                after = stored(cache)
                found.lines.append(
                    f"{image}: {after[0] - before[0]} actions, {(after[1] - before[1]) / _MB:.1f} MB more"
                )
        total = stored(cache)
        found.lines.append(f"all: {total[0]} actions, {total[1] / _MB:.1f} MB")
        found.lines += [f"outputs of {name}: {size / _MB:.1f} MB" for name, size in outputs.most_common(12)]
        yield found
        print("\n".join(["", *found.lines]))


@pytest.fixture(scope="module", name="second")
def _second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("second")) as made:
        yield made


def _options(cache: Server, config: str) -> list[str]:
    return [f"--config={config}", f"--remote_cache=http://{cache.address}"]


def stored(cache: Server) -> tuple[int, int]:
    """How many results and how many bytes a cache has."""
    return len(cache.blobs("ac")), sum(path.stat().st_size for path in cache.blobs())


def sizes(log: Path) -> Counter[str]:
    """How many bytes the outputs of each kind of action have."""
    text, decoder, at = log.read_text(encoding="utf-8"), json.JSONDecoder(), 0
    found: Counter[str] = Counter()
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        spawn: dict[str, Any]
        spawn, at = decoder.raw_decode(text, at)
        for output in spawn["actualOutputs"]:
            found[spawn["mnemonic"]] += int(output.get("digest", {}).get("sizeBytes", 0))
    return found


def index(built: Machine, image: str) -> bytes:
    return (built.files(image)[-1] / "index.json").read_bytes()


@pytest.mark.parametrize("options", ["remote-cache", "remote-cache-lean", "remote-cache-lean minimal"])
def test_all_are_hits_and_the_same(first: First, second: Machine, options: str) -> None:
    second.clean()
    config, _, minimal = options.partition(" ")
    read = first.cache.sent()
    built = second.build(
        " ".join(_IMAGES),
        *_options(first.cache, config),
        *(["--remote_download_minimal"] if minimal else []),
    )
    assert built.local == 0
    assert built.hits == len(first.cache.blobs("ac"))
    first.lines.append(f"{options}: {(first.cache.sent() - read) / _MB:.1f} MB read")
    if not minimal:
        assert {image: index(second, image) for image in _IMAGES} == first.indexes


def test_without_the_layers_the_cache_is_small(first: First, second: Machine, tmp_path: Path) -> None:
    second.clean()
    with nginx(tmp_path / "nginx") as small:
        second.build(" ".join(_IMAGES), *_options(small, "remote-cache-write"), _SMALL, login=small.login)
        actions, size = stored(small)
        first.lines.append(f"{_SMALL}: {actions} actions, {size / _MB:.1f} MB")
        assert size < stored(first.cache)[1]
        second.clean()
        built = second.build(" ".join(_IMAGES), *_options(small, "remote-cache"), _SMALL)
        assert built.hits == actions
        assert {image: index(second, image) for image in _IMAGES} == first.indexes
