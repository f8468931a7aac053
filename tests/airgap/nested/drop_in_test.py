"""What only the drop-in for rules_oci does: it looks into layers, and hashes each of them once."""

import gzip
import io
import struct
import tarfile

import pytest

from tests.airgap.bazel_workspace import Workspace, has_drop_ins

pytestmark = pytest.mark.skipif(not has_drop_ins(), reason="the real rules_oci takes any file for a layer")

PACKAGE = """\
load("@rules_oci//oci:defs.bzl", "oci_image", "oci_image_index")

[
    oci_image(name = file.replace(".", "_"), architecture = "amd64", os = "linux", tars = [file])
    for file in glob(["broken/*"])
]

genrule(name = "layer", srcs = ["good.tar"], outs = ["layer.tar"], cmd = "cp $< $@")
oci_image(name = "one", architecture = "amd64", os = "linux", tars = [":layer"])
oci_image(name = "two", base = ":one", tars = [":layer"])
oci_image_index(name = "index", images = [":one", ":two"])
oci_image_index(name = "index_of_an_index", images = [":index"])
"""


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("file")
        info.size = 5000
        archive.addfile(info, io.BytesIO(bytes(range(250)) * 20))
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    block = (1 | len(data) << 3).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data)) + block + data


PACKED = gzip.compress(tar())
BROKEN = {
    "cut_short.tar.gz": (PACKED[: len(PACKED) // 2], "is a gzip file that was cut short"),
    "cut_short.tar": (tar()[:5500], "is a tar archive that was cut short: 5500 bytes"),
    "cut_short.tar.zst": (zstd(tar())[:-100], "is a zstd file that was cut short"),
    "damaged.tgz": (PACKED[:-8] + bytes(8), "has damaged gzip data"),
    "damaged.tzst": (zstd(tar())[:8] + b"\xff" * 100, "has damaged zstd data"),
    "garbage_behind.tar.gz": (PACKED + b"garbage", "has damaged gzip data"),
    "other.tar": (b"this is something else, but long enough to be a tar " * 100, "is not a tar archive"),
    "other_inside.tar.gz": (gzip.compress(b"text" * 1000), "is not a tar archive"),
    "short.tar": (b"short", "is not a tar archive: 5 bytes"),
}


@pytest.fixture(scope="module")
def package(workspace: Workspace) -> Workspace:
    workspace.module()
    for name, (data, _) in BROKEN.items():
        workspace.write(f"drop_in/broken/{name}", data)
    workspace.write("drop_in/good.tar", tar())
    workspace.write("drop_in/BUILD.bazel", PACKAGE)
    return workspace


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_layer_is_one_error_with_its_name(package: Workspace, name: str) -> None:
    said = package.failure(f"//drop_in:broken/{name.replace('.', '_')}")
    assert f"error: drop_in/broken/{name}: {BROKEN[name][1]}" in said, said
    assert said.count("error: ") == 1, said
    assert "Traceback" not in said, said


def test_an_index_is_no_image(package: Workspace) -> None:
    said = package.failure("//drop_in:index_of_an_index")
    assert "index: is an image index where a single image is wanted" in said, said


def test_a_layer_is_hashed_once(package: Workspace) -> None:
    said = package.bazel("aquery", 'mnemonic("OCIDescriptor", deps(//drop_in:two))').output
    assert said.count("Mnemonic: OCIDescriptor") == 1, said
