"""Every image of the matrix, for both architectures: what can be seen without starting it.

IMAGES is a JSON object: the name of each family of images, and where its images and its index are.
"""

import json
import os
import re
import struct
from pathlib import Path
from typing import Any, cast

import pytest

from tools.elf_scan import elf
from tools.image_run.layout import Image, open_image
from tools.image_run.streams import open_tar

_ARCHITECTURES = {"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
_FAMILIES: dict[str, dict[str, str]] = json.loads(os.environ["IMAGES"])
_LARGEST = 70 * 10**6  # bytes, compressed: of all but those that are for more than running
_LARGE = ("buildtime", "jupyter")
_WITH_CUDA = ("runtime", "vanilla", "jupyter")
# debugpy's wheels bring what they put into a process of whatever machine.
_OF_ANY_MACHINE = re.compile(r".*/pydevd_attach_to_process/attach_linux_\w+\.so")

_each_image = pytest.mark.parametrize(
    ("name", "arch"), [(name, arch) for name in _FAMILIES for arch in _ARCHITECTURES]
)
_each_family = pytest.mark.parametrize("name", _FAMILIES)


def _image(name: str, arch: str) -> Image:
    return open_image(Path(_FAMILIES[name][arch]).absolute())


def _json(layout: Path, digest: str) -> dict[str, Any]:
    path = layout / "blobs/sha256" / digest.removeprefix("sha256:")
    return cast(dict[str, Any], json.loads(path.read_text()))


@_each_family
def test_the_index_has_both_architectures(name: str) -> None:
    layout = Path(_FAMILIES[name]["index"])
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    found = {
        (each["platform"]["os"], each["platform"]["architecture"]): each["digest"]
        for each in _json(layout, entry["digest"])["manifests"]
    }
    assert found == {("linux", arch): _image(name, arch).digest for arch in _ARCHITECTURES}


@_each_image
def test_the_config_says_what_it_is(name: str, arch: str) -> None:
    image = _image(name, arch)
    config = json.loads(image.config.text)
    assert (config["os"], config["architecture"]) == ("linux", arch)
    assert config["created"] == "1970-01-01T00:00:00Z"
    env = dict(entry.split("=", 1) for entry in config["config"]["Env"])
    assert env["PATH"].endswith("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    assert ("NVIDIA_VISIBLE_DEVICES" in env) == name.startswith(_WITH_CUDA)
    assert b"/bazel-out/" not in image.config.text
    kind, _, of = name.partition("_")
    title: str = config["config"]["Labels"]["org.opencontainers.image.title"]
    assert title.startswith(f"{kind}-")
    assert title.removeprefix(f"{kind}-").replace(".", "") == of.partition("_cuda")[0]


@_each_image
def test_every_program_and_package_is_of_the_architecture(name: str, arch: str) -> None:
    image = _image(name, arch)
    seen, architectures = 0, set()
    for layer in image.layers:
        blob = image.layout / "blobs/sha256" / layer.digest.removeprefix("sha256:")
        with open_tar(blob) as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None:
                    continue
                if member.name == "var/lib/dpkg/status":
                    status = content.read().decode()
                    lines = [line for line in status.splitlines() if line.startswith("Architecture: ")]
                    architectures = {line.split(": ")[1] for line in lines}
                    continue
                head = content.read(20)
                if head[:4] == elf.MAGIC and not _OF_ANY_MACHINE.fullmatch(member.name):
                    seen += 1
                    assert struct.unpack_from("<H", head, 18) == (_ARCHITECTURES[arch],), member.name
    assert seen > 100
    assert architectures == {"all", arch}


@_each_family
def test_size(name: str) -> None:
    sizes = {arch: sum(layer.size for layer in _image(name, arch).layers) for arch in _ARCHITECTURES}
    print(name, sizes)
    if not name.startswith(_LARGE):
        assert max(sizes.values()) <= _LARGEST


def test_images_share_the_layers_that_are_the_same() -> None:
    layers = {
        (name, arch): [layer.digest for layer in _image(name, arch).layers]
        for name in _FAMILIES
        for arch in _ARCHITECTURES
    }
    for (name, arch), mine in layers.items():
        kind, _, of = name.partition("_")
        if kind == "buildtime":
            runtime = layers[f"runtime_{of}_cuda12", arch]
            assert set(runtime[:2]) <= set(mine), "Debian and Python"
            assert mine[-2] == runtime[-2], "the commands"
        if kind in ("jupyter", "vanilla"):
            runtime = layers[f"runtime_{of}", arch]
            assert mine[:3] == runtime[:3], "Debian, Python and CUDA"
            assert mine[-2:] == runtime[-2:], "the commands and the loader's cache"
        if kind == "runtime" and name.endswith("_cuda13"):
            other = layers[name.replace("cuda13", "cuda12"), arch]
            assert [a == b for a, b in zip(mine, other, strict=True)] == [True, True, False, True, False]
