"""Images are read without unpacking, and those that are no base are refused."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.apt_layer.state import read_state
from tools.base_state.machine import DPKG, Machine, read, refused
from tools.image_run.testing import Layout, file, folder, gzip_members, single


def test_upper_layers_win_and_whiteouts_remove(machine: Machine, tmp_path: Path) -> None:
    status = machine.text(f"{DPKG}/status")
    low = [
        folder("var/lib/dpkg/alternatives"),
        file(f"{DPKG}/status", b"Package: x\n"),
        file("etc/removed"),
        file("opt/a"),
        folder("opt/b"),
        file("opt/b/c"),
    ]
    upper = machine.layer()
    top = [
        file(f"{DPKG}/status", status.encode()),
        file("etc/.wh.removed"),
        file("opt/.wh..wh..opq"),
        file("opt/d"),
    ]
    kinds: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "members": gzip_members,
        "zstd": zstd,
    }
    for name, compress in kinds.items():
        layout = Layout(tmp_path / name)
        image = layout.finish(layout.image([low, upper, top], compress=compress))
        base = read(image, tmp_path)
        assert base.status.read_text() == status
        files = read_state(base.state).files
        assert {path for path in files if path.startswith(("etc/", "opt/"))} == {"opt/d"}


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-cq"], input=data, stdout=subprocess.PIPE, check=True).stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda machine: (machine.path / f"{DPKG}/status").unlink(),
            "the image has no /var/lib/dpkg/status\n",
        ),
        (
            lambda machine: machine.write(f"{DPKG}/status", "\n"),
            "the image has an empty /var/lib/dpkg/status\n",
        ),
        (
            lambda machine: [
                (machine.path / f"{DPKG}/status").unlink(),
                machine.write(f"{DPKG}/status.d/base", "Package: base-files\n"),
            ],
            "status, only /var/lib/dpkg/status.d with notes for scanners, as distroless images have\n",
        ),
        (
            lambda machine: (machine.path / f"{DPKG}/info/format").unlink(),
            "the image has a package database of format 0",
        ),
        (
            lambda machine: machine.write(f"{DPKG}/status", "Package: x\nVersion: 1\n\n"),
            "/var/lib/dpkg/status has a stanza without Package or Status: 'Package: x'",
        ),
        (
            lambda machine: (machine.path / f"{DPKG}/status").write_bytes(b"Package: \xff\n"),
            "/var/lib/dpkg/status of the image is not UTF-8",
        ),
        (
            lambda machine: machine.write(f"{DPKG}/statoverride", "root root 4755\n"),
            "/var/lib/dpkg/statoverride of the image is not what dpkg-statoverride writes: 'root root 4755'",
        ),
        (
            lambda machine: machine.write(f"{DPKG}/alternatives/x", "auto\n"),
            "/var/lib/dpkg/alternatives/x of the image is not what update-alternatives writes",
        ),
        (
            lambda machine: machine.write(
                f"{DPKG}/status", machine.text(f"{DPKG}/status").replace("ok installed", "ok half-installed")
            ),
            "dpkg itself is 'install ok half-installed' in the image",
        ),
        (
            lambda machine: machine.write(
                f"{DPKG}/status",
                machine.text(f"{DPKG}/status").replace("Architecture: amd64", "Architecture: arm64"),
            ),
            "the image is for arm64, as its dpkg is, and not for amd64",
        ),
    ],
)
def test_images_that_are_no_base(
    machine: Machine, tmp_path: Path, change: Callable[[Machine], Any], message: str
) -> None:
    change(machine)
    error = refused(single(tmp_path / "image", machine.layer()), tmp_path)
    assert error.startswith("error: @base: ")
    assert message in error


def test_an_image_of_another_architecture_is_refused(machine: Machine, tmp_path: Path) -> None:
    error = refused(single(tmp_path / "image", machine.layer()), tmp_path, arch="arm64")
    assert "error: @base: the image is for linux/amd64, not linux/arm64" in error


def test_a_damaged_layer_is_refused(machine: Machine, tmp_path: Path) -> None:
    image = single(tmp_path / "image", machine.layer())
    layer = max((image / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    layer.write_bytes(layer.read_bytes()[:-1])
    assert "layer 1 of 1 is not what its digest says" in refused(image, tmp_path)
