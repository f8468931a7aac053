"""What a fleet asks of a cache and of workers, simulated: `./bazelw run //tests/remote_cache:fleet`.

Figures of single actions are measured (fleet.json); who builds what, and when, is drawn with a fixed seed.
Images share Debian, Python and CUDA, and take wheels of which few are popular and few are large. Each build
runs on a machine that has nothing, and changes the application, a pin or, once a week, some of Debian's
packages. It asks one cache, which forgets what was not used for longest. The numbers are the same each time.
"""

from __future__ import annotations

import heapq
import json
import random
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_MEASURED = Path(__file__).with_name("fleet.json")
_CACHES = (
    ("none", 0, False),
    ("20 GB", 20, False),
    ("50 GB", 50, False),
    ("100 GB", 100, False),
    ("200 GB", 200, False),
    ("20 GB, `remote-cache-small`", 20, True),
)
_HOURS = 8
Key = tuple[str, ...]


@dataclass(frozen=True)
class Thing:
    """What an action makes: how it is told from others, its size, and how long it takes."""

    key: Key
    size: float  # MB
    seconds: float
    is_layer: bool = False  # of wheels, or an image: what --config=remote-cache-small leaves out
    is_asked_for: bool = False  # what a lean build fetches
    actions: int = 1


@dataclass
class Image:
    """One team's image: its Python, its pins, and how often its application has changed."""

    number: int
    python: str
    pins: dict[int, int]
    application: int = 0
    debian: int = 0


@dataclass(frozen=True)
class Fleet:
    """How much is built. The defaults are what docs/scale.md tells of."""

    images: int = 300
    builds: int = 2000  # a day
    days: int = 8
    wheels: int = 800
    pins: int = 40  # of an image
    seed: int = 1


@dataclass
class Cache:
    """Forgets what was not used for longest."""

    limit: float  # MB
    small: bool = False
    held: OrderedDict[Key, float] = field(default_factory=OrderedDict)
    full: float = 0

    def has(self, thing: Thing) -> bool:
        """Whether it has a thing, which it has from now on."""
        if self.small and thing.is_layer:
            return False
        if thing.key in self.held:
            self.held.move_to_end(thing.key)
            return True
        self.held[thing.key] = thing.size
        self.full += thing.size
        while self.full > self.limit:
            self.full -= self.held.popitem(last=False)[1]
        return False


@dataclass
class Day:
    """What came of the last days, on average for one."""

    actions: float = 0
    hits: float = 0
    made: float = 0  # seconds of one core
    read: float = 0  # MB
    lean: float = 0
    written: float = 0
    jobs: list[float] = field(default_factory=list)  # seconds of each build


def things(image: Image, costs: dict[str, Any], sizes: list[float]) -> Iterator[Thing]:
    """What an image is made of, for one architecture."""
    base, versions = image.python, [image.debian // 8 + (group < image.debian % 8) for group in range(8)]
    for group, version in enumerate(versions):  # a refresh changes an eighth of the packages
        yield Thing(("debs", base, str(group), str(version)), *_cost(costs, "debs", 1 / 8), actions=10)
    yield Thing(("debian", base, str(image.debian)), *_cost(costs, "debian"), is_asked_for=True, actions=4)
    yield Thing(("cuda", base), *_cost(costs, "cuda"), is_layer=True, is_asked_for=True, actions=8)
    rest = 0.0
    for wheel, version in image.pins.items():
        size = sizes[wheel]
        yield Thing(("part", str(wheel), str(version), base), size, _time(costs, "part", size), True)
        yield Thing(("scan", str(wheel), str(version), base), 0.01, _time(costs, "scan", size))
        if size < costs["own_layer_from"]:
            rest += size
        else:
            own = ("layer", str(wheel), str(version), base)
            yield Thing(own, size, _time(costs, "layer", size), True, True)
    pins = ("rest", base, *(f"{wheel}.{version}" for wheel, version in image.pins.items()))
    yield Thing(pins, rest, _time(costs, "layer", rest), True, True)
    key = ("image", str(image.number), str(image.application), str(image.debian), *pins)
    yield Thing(key, costs["application"], costs["image"], True, True, actions=3)


def _cost(costs: dict[str, Any], name: str, share: float = 1) -> tuple[float, float]:
    return costs[name]["mb"] * share, costs[name]["seconds"] * share


def _time(costs: dict[str, Any], name: str, size: float) -> float:
    return float(costs[name]["fixed"] + costs[name]["per_mb"] * size)


def simulate(fleet: Fleet, costs: dict[str, Any], cache: Cache) -> Day:
    """Builds for some days; the first half only fills the cache."""
    draw = random.Random(fleet.seed)
    sizes = [min(2500.0, draw.lognormvariate(0.4, 2.0)) for _ in range(fleet.wheels)]
    popular = [1 / (rank + 5) for rank in range(fleet.wheels)]
    busy = [1 / (rank + 20) for rank in range(fleet.images)]
    newest = [0] * fleet.wheels
    images = [
        Image(
            number, draw.choice(("3.9", "3.11", "3.13")), dict.fromkeys(_pick(draw, popular, fleet.pins), 0)
        )
        for number in range(fleet.images)
    ]
    total, counted = Day(), fleet.days - fleet.days // 2
    for day in range(fleet.days):
        for image in draw.choices(images, busy, k=fleet.builds):
            _change(draw, image, newest, day)
            seconds = 0.0
            for thing in things(image, costs, sizes):
                hit = cache.has(thing)
                seconds += 0 if hit else thing.seconds
                if day >= fleet.days // 2:
                    _count(total, thing, hit, cache, counted)
            if day == fleet.days - 1:
                total.jobs.append(seconds)
    return total


def _pick(draw: random.Random, weights: list[float], count: int) -> list[int]:
    """Different ones, the popular ones rather."""
    return sorted(range(len(weights)), key=lambda one: draw.random() ** (1 / weights[one]), reverse=True)[
        :count
    ]


def _change(draw: random.Random, image: Image, newest: list[int], day: int) -> None:
    image.debian = day // 7
    image.application += 1
    if draw.random() < 0.15:
        wheel = draw.choice(list(image.pins))
        if draw.random() < 0.2:
            newest[wheel] += 1  # there is a new release; else the team catches up
        image.pins[wheel] = newest[wheel]


def _count(total: Day, thing: Thing, hit: bool, cache: Cache, days: int) -> None:
    total.actions += thing.actions / days
    if hit:
        total.hits += thing.actions / days
        total.read += thing.size / days
        total.lean += thing.size / days if thing.is_asked_for else 0
    else:
        total.made += thing.seconds / days
        kept = thing.size < cache.limit and not (cache.small and thing.is_layer)
        total.written += thing.size / days if kept else 0


def wait(jobs: list[float], cores: int, hours: float, seed: int) -> tuple[float, float]:
    """How long builds take on so many cores in common: the median, and that of one in twenty at least."""
    draw = random.Random(seed)
    arrivals = sorted(draw.uniform(0, hours * 3600) for _ in jobs)
    free = [0.0] * cores
    took = []
    for arrival, seconds in zip(arrivals, jobs, strict=True):
        start = max(arrival, heapq.heappop(free))
        heapq.heappush(free, start + seconds)
        took.append(start + seconds - arrival)
    took.sort()
    return took[len(took) // 2], took[len(took) * 95 // 100]


def report() -> Iterator[str]:
    """The tables of docs/scale.md."""
    costs, fleet = json.loads(_MEASURED.read_text(encoding="utf-8")), Fleet()
    yield "| cache | hits | cores busy, of 8 h | read | read, lean | written |"
    yield "|---|---|---|---|---|---|"
    jobs = {}
    for name, gb, small in _CACHES:
        day = simulate(fleet, costs, Cache(gb * 1000, small))
        jobs[name] = day.jobs
        yield (
            f"| {name} | {day.hits / day.actions:.1%} | {day.made / _HOURS / 3600:.1f} "
            f"| {day.read / 1e6:.1f} TB | {day.lean / 1e6:.1f} TB | {day.written / 1e6:.2f} TB |"
        )
    yield ""
    yield "| cores in common | without a cache: median, 95 % | with 100 GB |"
    yield "|---|---|---|"
    for cores in (2, 3, 4, 8):
        waits = [wait(jobs[name], cores, _HOURS, fleet.seed) for name in ("none", "100 GB")]
        yield f"| {cores} | " + " | ".join(f"{median:.0f} s, {slow:.0f} s" for median, slow in waits) + " |"


if __name__ == "__main__":
    print("\n".join(report()))
