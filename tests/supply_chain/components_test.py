"""Bills of materials against the images that they are about, and the locks that these are made from."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tools.common.names import canonical
from tools.image_run.layout import Image, open_image
from tools.layer.stack import Stack

Json = dict[str, Any]

SITE = "/usr/share/python3/app/lib/python{}/site-packages"
PIN = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9._-]*)(\[.*?\])?==(?P<version>[^\s;\\]+).*?(?=^\S|\Z)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Built:
    """An image, and its bill of materials."""

    image: Image
    document: Json

    def components(self, kind: str) -> dict[str, Json]:
        """Those of one kind, by name."""
        found = [
            each
            for each in self.document["components"]
            if {"name": "pycuda:kind", "value": kind} in each["properties"]
        ]
        assert len({each["name"] for each in found}) == len(found)
        return {each["name"]: each for each in found}

    def installed(self, python: str) -> dict[str, str]:
        """The distributions in the virtual environment, with their versions."""
        stack = Stack()
        stack.add_image(self.image)
        names = [name for name in stack.names(SITE.format(python)) if name.endswith(".dist-info")]
        pairs = (name.removesuffix(".dist-info").rsplit("-", 1) for name in names)
        return {canonical(name): version for name, version in pairs}


def built(name: str) -> Built:
    """The image that variables of the environment name."""
    image = open_image(Path(os.environ[name]))
    (sbom,) = [path for path in os.environ[f"{name}_SBOM"].split() if path.endswith(".cdx.json")]
    return Built(image, json.loads(Path(sbom).read_bytes()))


@pytest.fixture(scope="module", name="jupyter")
def _jupyter() -> Built:
    return built("JUPYTER")


@pytest.fixture(scope="module", name="own")
def _own() -> Built:
    return built("OWN")


def pins(lock: str) -> dict[tuple[str, str], set[str]]:
    """The hashes in a lock, by name and version."""
    text = Path(os.environ[lock]).read_text()
    found: dict[tuple[str, str], set[str]] = {}
    for match in PIN.finditer(text):
        hashes = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", match[0]))
        found.setdefault((canonical(match["name"]), match["version"]), set()).update(hashes)
    return found


def test_wheels_are_those_of_the_environment_and_of_nvidia(jupyter: Built) -> None:
    wheels = {name: each["version"] for name, each in jupyter.components("wheel").items()}
    nvidia = {name: wheels.pop(name) for name in list(wheels) if name.startswith("nvidia-")}
    assert wheels == jupyter.installed("3.11")
    assert len(wheels) > 50
    assert nvidia.keys() == {"nvidia-cuda-runtime-cu12"}


def test_hashes_are_those_of_the_locks(jupyter: Built) -> None:
    locked = pins("JUPYTER_LOCK") | pins("CUDA_LOCK")
    for name, each in jupyter.components("wheel").items():
        (sha256,) = each["hashes"]
        assert sha256["content"] in locked[name, each["version"]]


def test_nvidias_components_are_named_as_theirs(jupyter: Built) -> None:
    runtime = jupyter.components("wheel")["nvidia-cuda-runtime-cu12"]
    assert runtime["supplier"] == {"name": "NVIDIA Corporation"}
    assert runtime["purl"] == f"pkg:pypi/nvidia-cuda-runtime-cu12@{runtime['version']}"
    assert "NVIDIA" in runtime["licenses"][0]["expression"]


def test_what_wheels_need_is_told(jupyter: Built) -> None:
    refs = {name: each["bom-ref"] for name, each in jupyter.components("wheel").items()}
    needs = {each["ref"]: set(each["dependsOn"]) for each in jupyter.document["dependencies"]}
    assert {refs["tornado"], refs["jupyter-server"]} <= needs[refs["jupyterlab"]]
    assert refs["nvidia-cuda-runtime-cu12"] not in needs[refs["jupyterlab"]]


def test_most_licences_are_known(jupyter: Built) -> None:
    """Those of wheels, that is; what is lacking is lacking in their metadata."""
    wheels = jupyter.components("wheel").values()
    known = [each for each in wheels if "licenses" in each]
    assert len(known) > 0.95 * len(wheels)


@pytest.mark.parametrize("name", ["jupyter", "own"])
def test_layers_of_files_are_layers_of_the_image(name: str, request: pytest.FixtureRequest) -> None:
    image: Built = request.getfixturevalue(name)
    layers = {layer.digest.removeprefix("sha256:") for layer in image.image.layers}
    files = image.components("files")
    assert {each["hashes"][0]["content"] for each in files.values()} <= layers
    assert len(files) >= 3


def test_an_application_its_base_and_its_layers_are_in_it(own: Built) -> None:
    assert own.components("files").keys() >= {
        "images/base:rootfs",
        "tests/own_image:conf",
        "tests/own_image:hello_py313_amd64_app",
    }
    wheels = {name: each["version"] for name, each in own.components("wheel").items()}
    assert wheels.keys() == {"markupsafe", "nvidia-cuda-runtime-cu12"}
    assert own.installed("3.13") == {"markupsafe": wheels["markupsafe"]}
    assert own.components("deb").keys() > {"bash", "python3.13-minimal"}
    assert own.components("image") == {}


def test_the_bill_is_about_this_image(jupyter: Built, own: Built) -> None:
    for each in (jupyter, own):
        about = each.document["metadata"]["component"]
        assert about["version"] == each.image.digest
        assert about["hashes"][0]["content"] == each.image.digest.removeprefix("sha256:")
    assert jupyter.document["serialNumber"] != own.document["serialNumber"]
