"""Lets podman and Bazel take turns at publishing the same application, scenario by scenario."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.airgap.layout import Layout
from tests.airgap.registry import Registry, serve
from tests.benchmark.publishing.cpu import seconds
from tests.benchmark.publishing.proxy import CountingProxy, counting
from tests.benchmark.publishing.sides import BASES, TAG, Podman, Side
from tests.benchmark.publishing.sources import application, lock
from tools.common.errors import ToolError

BARE, COLD, NOOP, RESTART, APP, PIN = "bare", "cold", "no-op", "restart", "app", "pin"
SCENARIOS: Mapping[str, str] = {
    BARE: "nothing built, base neither",
    COLD: "cold: nothing built but the base",
    NOOP: "no-op: nothing changed",
    RESTART: "no-op, with a new server of Bazel",
    APP: "a line of the application changed",
    PIN: "one pin bumped",
}


@dataclass(frozen=True)
class Turn:
    """What it took to publish once: seconds, and bytes.

    `start` is the part of `build` in which Bazel's server started. `cpu` is CPU time of all but the
    registry. `image` is the size of all layers, compressed.
    """

    start: float
    build: float
    push: float
    cpu: float
    sent: int
    image: int

    @property
    def seconds(self) -> float:
        """From the change to the registry."""
        return self.build + self.push


Results = dict[str, dict[str, list[Turn]]]  # by scenario and side


class Contest:
    """Runs scenarios with a new registry each time that all begins anew."""

    def __init__(
        self, folder: Path, sides: Mapping[str, Side], locks: tuple[str, str], layouts: Sequence[Path]
    ) -> None:
        self._folder, self._sides, self._locks, self._layouts = folder, sides, locks, layouts
        self._revision = 0
        self._registries = 0
        self.results: Results = {}

    def run(self, scenarios: Sequence[str], *, check: bool) -> None:
        """Runs the scenarios once, all but the bare one on top of a cold one.

        Args:
            scenarios: which.
            check: whether to see that the images say the same.
        """
        if BARE in scenarios:
            with self._registry() as (registry, proxies):
                self._begin(proxies, base=False)
                self._turns(BARE, registry, proxies)
        if set(scenarios) - {BARE}:
            with self._registry() as (registry, proxies):
                self._begin(proxies, base=True)
                self._turns(COLD, registry, proxies)
                if check:
                    self._compare()
                for scenario in [each for each in SCENARIOS if each in scenarios and each in _CHANGES]:
                    _CHANGES[scenario](self)
                    self._turns(scenario, registry, proxies)

    @contextmanager
    def _registry(self) -> Iterator[tuple[Registry, Mapping[str, CountingProxy]]]:
        """An empty registry but for the bases, and a proxy a side."""
        self._registries += 1
        with ExitStack() as stack:
            registry = stack.enter_context(serve(self._folder / f"registry-{self._registries}"))
            for image, layout in zip(BASES, self._layouts, strict=True):
                repository, _, tag = image.partition(":")
                registry.put_layout(repository, tag, Layout(layout))
            yield registry, {name: stack.enter_context(counting(registry.host)) for name in self._sides}

    def _begin(self, proxies: Mapping[str, CountingProxy], *, base: bool) -> None:
        self.change_application()
        for name, side in self._sides.items():
            _progress(f"{name}: preparing")
            side.fresh(proxies[name].host, base=base)
        for side in self._sides.values():
            lock(side.sources, self._locks[0])
            application(side.sources, self._revision)

    def _turns(self, scenario: str, registry: Registry, proxies: Mapping[str, CountingProxy]) -> None:
        for name, side in self._sides.items():
            turn = _turn(side, proxies[name], registry, start=scenario in _STARTS)
            self.results.setdefault(scenario, {}).setdefault(name, []).append(turn)
            _progress(f"{name}: {scenario}: {turn.build:.1f} s + {turn.push:.1f} s, {turn.sent / 1e6:.2f} MB")

    def _compare(self) -> None:
        """Has both images say what they have.

        Raises:
            ToolError: they differ.
        """
        engine = next((side for side in self._sides.values() if isinstance(side, Podman)), None)
        if engine is None:
            return
        said = {name: engine.says(f"{side.repository}:{TAG}") for name, side in self._sides.items()}
        if len(set(said.values())) > 1:
            raise ToolError(f"the images don't say the same: {said}")
        _progress(f"all images say {next(iter(said.values())).strip()}")

    def change_application(self) -> None:
        """Changes a line, never back to what it was."""
        self._revision += 1
        for side in self._sides.values():
            application(side.sources, self._revision)

    def bump_pin(self) -> None:
        """Takes the other lock."""
        for side in self._sides.values():
            lock(side.sources, self._locks[1])

    def stop_servers(self) -> None:
        """Ends what serves builds."""
        for side in self._sides.values():
            side.stop()


_CHANGES: Mapping[str, Callable[[Contest], None]] = {
    NOOP: lambda contest: None,
    RESTART: Contest.stop_servers,
    APP: Contest.change_application,
    PIN: Contest.bump_pin,
}


_STARTS = (BARE, COLD, RESTART)


def _turn(side: Side, proxy: CountingProxy, registry: Registry, *, start: bool) -> Turn:
    proxy.sent()  # what was sent before is none of this turn's
    cpu = seconds(side.servers())
    begin = started = time.monotonic()
    if start:
        side.start()
        started = time.monotonic()
    side.build()
    built = time.monotonic()
    side.push()
    pushed = time.monotonic()
    cpu = seconds(side.servers()) - cpu
    size = image_size(registry, side.repository, TAG)
    return Turn(started - begin, built - begin, pushed - built, cpu, proxy.sent(), size)


def image_size(registry: Registry, repository: str, reference: str) -> int:
    """The size of an image's layers in a registry; of an index, its first image's."""
    manifest = json.loads(registry.manifest(repository, reference))
    if "manifests" in manifest:
        return image_size(registry, repository, manifest["manifests"][0]["digest"])
    return sum(int(layer["size"]) for layer in manifest["layers"])


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
