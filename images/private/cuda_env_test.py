"""The environment of CUDA images, as NVIDIA's image 12.8.1-base-ubuntu24.04 has it."""

import json
import os

ENV: dict[str, str] = json.loads(os.environ["CUDA_ENV"])
BRANDS = "unknown grid tesla nvidia quadro quadrortx nvidiartx vapps vpc vcs vws cloudgaming".split()


def test_values_are_nvidia_s() -> None:
    require = ENV.pop("NVIDIA_REQUIRE_CUDA").split(" ")
    assert require[0] == "cuda>=12.8"
    assert [tuple(condition.split(",")) for condition in require[1:]] == [
        (f"brand={brand}", f"driver>={driver}", f"driver<{driver + 1}")
        for driver in (470, 535, 550, 560, 565)
        for brand in BRANDS
    ]
    assert ENV == {
        "CUDA_VERSION": "12.8.1",
        "LD_LIBRARY_PATH": "/usr/local/nvidia/lib:/usr/local/nvidia/lib64",
        "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
        "NVIDIA_VISIBLE_DEVICES": "all",
    }


def test_an_unknown_toolkit_asks_for_its_own_driver_only() -> None:
    assert os.environ["OTHER_REQUIRE"] == "cuda>=13.0"
