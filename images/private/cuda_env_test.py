"""The environment of CUDA images, as NVIDIA's images VERSION-base-ubuntu24.04 have it."""

import json
import os

import pytest

ENV: dict[str, dict[str, str]] = json.loads(os.environ["CUDA_ENV"])
BRANDS = "unknown grid tesla nvidia quadro quadrortx nvidiartx vapps vpc vcs vws cloudgaming".split()


@pytest.mark.parametrize(
    ("version", "toolkit", "drivers"),
    [("12.8.1", "12.8", (470, 535, 550, 560, 565)), ("13.0.2", "13.0", (535, 550, 565, 570, 575))],
)
def test_values_are_nvidia_s(version: str, toolkit: str, drivers: tuple[int, ...]) -> None:
    env = dict(ENV[version])
    require = env.pop("NVIDIA_REQUIRE_CUDA").split(" ")
    assert require[0] == f"cuda>={toolkit}"
    assert [tuple(condition.split(",")) for condition in require[1:]] == [
        (f"brand={brand}", f"driver>={driver}", f"driver<{driver + 1}")
        for driver in drivers
        for brand in BRANDS
    ]
    assert env == {
        "CUDA_VERSION": version,
        "LD_LIBRARY_PATH": "/usr/local/nvidia/lib:/usr/local/nvidia/lib64",
        "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
        "NVIDIA_VISIBLE_DEVICES": "all",
    }


def test_an_unknown_toolkit_asks_for_its_own_driver_only() -> None:
    assert os.environ["OTHER_REQUIRE"] == "cuda>=99.1"
