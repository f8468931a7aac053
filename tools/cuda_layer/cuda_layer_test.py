"""The layout of CUDA layers: against what NVIDIA's packages and update-alternatives would leave."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.common.errors import ToolError
from tools.cuda_layer.__main__ import main
from tools.elf_scan.elf_writer import Spec, write
from tools.wheel.wheel_writer import Change, write_wheel

MACHINE = {"amd64": 62, "arm64": 183}
TARGET = {"amd64": "x86_64-linux", "arm64": "sbsa-linux"}


def runtime(
    folder: Path, arch: str = "amd64", version: str = "12.8.90", change: Change | None = None
) -> Path:
    """A CUDA runtime wheel like NVIDIA's, with headers and a static library."""
    major = version.split(".", maxsplit=1)[0]
    home = "nvidia/cuda_runtime" if major == "12" else f"nvidia/cu{major}"
    name = "nvidia-cuda-runtime-cu12" if major == "12" else "nvidia-cuda-runtime"
    soname = f"libcudart.so.{major}"
    files = {
        "nvidia/__init__.py": b"",
        f"{home}/include/cuda.h": b"int x;",
        f"{home}/lib/__init__.py": b"",
        f"{home}/lib/libcudart_static.a": b"!<arch>\n",
        f"{home}/lib/{soname}": write(Spec(soname=soname, machine=MACHINE[arch])),
    }
    return write_wheel(folder, name, version, files, change)


def component(folder: Path, name: str, version: str, *libraries: str) -> Path:
    files = {f"nvidia/part/lib/{library}": write(Spec(soname=library)) for library in libraries}
    return write_wheel(folder, name, version, files)


def make(tmp_path: Path, *arguments: str | Path, arch: str = "amd64") -> tarfile.TarFile:
    output = tmp_path / "layer.tar.gz"
    main(["--arch", arch, "--output", str(output), *map(str, arguments)])
    return tarfile.open(output)


def listing(archive: tarfile.TarFile) -> dict[str, str]:
    """Path to link target, `dir` or `file`."""
    return {
        member.name: member.linkname if member.issym() else "dir" if member.isdir() else "file"
        for member in archive
    }


def text(archive: tarfile.TarFile, name: str) -> str:
    stream = archive.extractfile(name)
    assert stream is not None
    return stream.read().decode()


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_the_runtime_lies_where_nvidia_s_images_have_it(arch: str, tmp_path: Path) -> None:
    archive = make(tmp_path, runtime(tmp_path, arch), arch=arch)
    home = f"usr/local/cuda-12.8/targets/{TARGET[arch]}"
    assert listing(archive) == {
        "etc/alternatives/cuda": "/usr/local/cuda-12.8",
        "etc/alternatives/cuda-12": "/usr/local/cuda-12.8",
        "etc/ld.so.conf.d/000_cuda.conf": "file",
        "etc/ld.so.conf.d/988_cuda-12.conf": "file",
        "etc/ld.so.conf.d/nvidia.conf": "file",
        "usr/local/cuda": "/etc/alternatives/cuda",
        "usr/local/cuda-12": "/etc/alternatives/cuda-12",
        "usr/local/cuda-12.8": "dir",
        "usr/local/cuda-12.8/lib64": f"targets/{TARGET[arch]}/lib",
        "usr/local/cuda-12.8/targets": "dir",
        home: "dir",
        f"{home}/lib": "dir",
        f"{home}/lib/libcudart.so.12": "libcudart.so.12.8.90",
        f"{home}/lib/libcudart.so.12.8.90": "file",
        "usr/share/doc/nvidia-cuda-runtime-cu12": "dir",
        "usr/share/doc/nvidia-cuda-runtime-cu12/copyright": "file",
        "var/lib/dpkg/alternatives/cuda": "file",
        "var/lib/dpkg/alternatives/cuda-12": "file",
    }
    assert [member.name for member in archive] == sorted(member.name for member in archive)
    assert {(member.uid, member.gid, member.mtime) for member in archive} == {(0, 0, 0)}
    assert {member.mode for member in archive if member.isreg()} == {0o644}
    lib = f"targets/{TARGET[arch]}/lib"
    assert text(archive, "etc/ld.so.conf.d/000_cuda.conf") == f"/usr/local/cuda/{lib}\n"
    assert text(archive, "etc/ld.so.conf.d/988_cuda-12.conf") == f"/usr/local/cuda-12/{lib}\n"
    assert text(archive, "etc/ld.so.conf.d/nvidia.conf") == "/usr/local/nvidia/lib\n/usr/local/nvidia/lib64\n"
    assert text(archive, "usr/share/doc/nvidia-cuda-runtime-cu12/copyright") == "The terms.\n"


def test_cuda_13_has_its_own_names(tmp_path: Path) -> None:
    names = listing(make(tmp_path, runtime(tmp_path, version="13.0.96")))
    assert names["usr/local/cuda-13"] == "/etc/alternatives/cuda-13"
    assert names["etc/alternatives/cuda"] == "/usr/local/cuda-13.0"
    assert names["usr/local/cuda-13.0/targets/x86_64-linux/lib/libcudart.so.13"] == "libcudart.so.13.0.96"
    assert "etc/ld.so.conf.d/987_cuda-13.conf" in names


def test_update_alternatives_would_write_the_same(tmp_path: Path) -> None:
    archive = make(tmp_path, runtime(tmp_path))
    root = tmp_path / "root"
    for folder in ("etc/alternatives", "var/lib/dpkg/alternatives", "usr/local/cuda-12.8", "var/log"):
        (root / folder).mkdir(parents=True)
    for name in ("cuda", "cuda-12"):
        command = ["update-alternatives", "--root", str(root), "--quiet"]
        command += ["--install", f"/usr/local/{name}", name, "/usr/local/cuda-12.8", "128"]
        subprocess.run(command, check=True)
        state = f"var/lib/dpkg/alternatives/{name}"
        assert text(archive, state) == (root / state).read_text()
        for link in (f"usr/local/{name}", f"etc/alternatives/{name}"):
            assert archive.getmember(link).linkname == str((root / link).readlink())


def test_components_are_layers_of_their_own(tmp_path: Path) -> None:
    kit = runtime(tmp_path)
    blas = component(tmp_path, "nvidia-cublas-cu12", "12.8.4.1", "libcublas.so.12", "libnvblas.so.12")
    tool = component(tmp_path, "nvidia-nvtx-cu12", "12.8.90", "libnvtx3interop.so.1", "libcheckpoint.so")
    home = "usr/local/cuda-12.8/targets/x86_64-linux/lib"
    names = listing(make(tmp_path, "--toolkit", kit, blas, tool))
    assert names[f"{home}/libcublas.so.12"] == "libcublas.so.12.8.4.1"
    assert names[f"{home}/libnvblas.so.12.8.4.1"] == "file"
    assert names[f"{home}/libnvtx3interop.so.1"] == names[f"{home}/libcheckpoint.so"] == "file"
    assert {"usr/share/doc/nvidia-cublas-cu12/copyright", "usr/share/doc/nvidia-nvtx-cu12/copyright"} <= set(
        names
    )
    assert not [name for name in names if name.startswith(("etc", "var")) or "cudart" in name]
    together = listing(make(tmp_path, kit, blas))
    assert {f"{home}/libcudart.so.12", f"{home}/libcublas.so.12", "usr/local/cuda"} <= set(together)


def test_the_same_wheel_gives_the_same_bytes(tmp_path: Path) -> None:
    wheel = runtime(tmp_path)
    make(tmp_path, wheel).close()
    first = (tmp_path / "layer.tar.gz").read_bytes()
    make(tmp_path, wheel).close()
    assert (tmp_path / "layer.tar.gz").read_bytes() == first


def spoil(members: dict[str, bytes]) -> None:
    name = "nvidia/cuda_runtime/lib/libcudart.so.12"
    members[name] = members[name][:-1] + b"\1"


def without_licence(members: dict[str, bytes]) -> None:
    info = "nvidia_cuda_runtime_cu12-12.8.90.dist-info"
    record = members[f"{info}/RECORD"].decode().splitlines(keepends=True)
    members[f"{info}/RECORD"] = "".join(line for line in record if "License" not in line).encode()
    del members[f"{info}/License.txt"]


def blas(folder: Path) -> Path:
    return component(folder, "nvidia-cublas-cu12", "12.8.4.1", "libcublas.so.12")


BAD: dict[str, tuple[Callable[[Path], list[str | Path]], str]] = {
    "changed": (lambda at: [runtime(at, change=spoil)], r"libcudart\.so\.12: its sha256 differs"),
    "foreign": (lambda at: [runtime(at, "arm64")], r"libcudart\.so\.12: not a shared library for amd64"),
    "no licence": (lambda at: [runtime(at, change=without_licence)], "comes without a licence"),
    "no runtime": (lambda at: [blas(at)], "is not a CUDA runtime"),
    "no toolkit": (lambda at: ["--toolkit", blas(at), blas(at)], "is not a CUDA runtime"),
    "no library": (
        lambda at: [runtime(at), write_wheel(at, "nvidia-x-cu12", "12.8", {"nvidia/x.py": b""})],
        "has no shared library",
    ),
    "double": (
        lambda at: [runtime(at), blas(at), component(at, "nvidia-y-cu12", "12.8.4.1", "libcublas.so.12")],
        "comes from another wheel too",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_wheel_is_one_error_and_no_layer(case: str, tmp_path: Path) -> None:
    arguments, message = BAD[case]
    given = arguments(tmp_path)
    with pytest.raises(ToolError, match=message):
        make(tmp_path, *given)
    assert not (tmp_path / "layer.tar.gz").exists()
