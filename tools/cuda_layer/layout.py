"""Where NVIDIA's own images put the CUDA libraries, as layer entries made from wheels.

Of the packages in them: `cuda-cudart` brings targets/ARCH/lib, lib64; `cuda-toolkit-config-common`
and its versioned sisters bring the files in ld.so.conf.d and the alternatives `cuda` and `cuda-MAJOR`; the
image's own build adds nvidia.conf, for drivers that are mounted under /usr/local/nvidia.
"""

from __future__ import annotations

import posixpath
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from tools.common.errors import ToolError
from tools.elf_scan import elf
from tools.layer.tar import Entry, Kind
from tools.wheel.wheel import Wheel

RUNTIME = re.compile(r"nvidia[-_.]cuda[-_.]runtime([-_.]cu\d+)?", re.IGNORECASE)
_LIBRARY = re.compile(r"nvidia/(?:[^/]+/)*lib/(?P<stem>[^/]+\.so)(?:\.(?P<version>[0-9.]+))?")
_LICENCE = re.compile(r"(?:licen[cs]es?/)?(?:licen[cs]e|copying|eula)[^/]*", re.IGNORECASE)
_DRIVER_FOLDERS = ("/usr/local/nvidia/lib", "/usr/local/nvidia/lib64")


@dataclass(frozen=True)
class Machine:
    """An architecture: NVIDIA's name for the target folder and the ELF machine of its libraries."""

    target: str
    elf_machine: int


MACHINES = {
    "amd64": Machine("x86_64-linux", elf.EM_X86_64),
    "arm64": Machine("sbsa-linux", elf.EM_AARCH64),
}


@dataclass(frozen=True)
class Toolkit:
    """A CUDA toolkit version, which names the folder: 12.8 for the runtime 12.8.90."""

    major: int
    minor: int

    @property
    def folder(self) -> str:
        """Its home in an image."""
        return f"/usr/local/cuda-{self.major}.{self.minor}"


@dataclass(frozen=True)
class Item:
    """An entry with its content: bytes, or the wheel and member to stream them from."""

    entry: Entry
    data: bytes = b""
    wheel: Wheel | None = None
    member: str = ""


def toolkit(runtime: Wheel) -> Toolkit:
    """The toolkit that a CUDA runtime wheel belongs to."""
    match = re.fullmatch(r"(\d+)\.(\d+)(\.\d+)*", runtime.version)
    if not RUNTIME.fullmatch(runtime.name) or not match:
        raise ToolError(
            f"{runtime.name} {runtime.version} is not a CUDA runtime: which toolkit is this?",
            file=runtime.path,
            remedy="Add the wheel of nvidia-cuda-runtime to `wheels`, or name it as `toolkit`.",
        )
    return Toolkit(int(match[1]), int(match[2]))


def libraries(wheel: Wheel, kit: Toolkit, arch: str) -> Iterator[Item]:
    """The shared libraries of a wheel and its licence; headers, static libraries and the rest stay behind."""
    machine = MACHINES[arch]
    home = f"{kit.folder.lstrip('/')}/targets/{machine.target}/lib"
    members = [(name, match) for name in wheel.names() if (match := _LIBRARY.fullmatch(name))]
    if not members:
        raise ToolError(f"{wheel.name} {wheel.version} has no shared library", file=wheel.path)
    yield from _folders(home)
    yield Item(
        Entry(f"{kit.folder.lstrip('/')}/lib64", Kind.SYMLINK, 0o777, link=f"targets/{machine.target}/lib")
    )
    for member, match in members:
        _check_machine(wheel, member, arch)
        soname = posixpath.basename(member)
        name = _full_name(match["stem"], match["version"], wheel.version)
        yield Item(
            Entry(f"{home}/{name}", Kind.FILE, 0o644, size=wheel.size(member)), wheel=wheel, member=member
        )
        if name != soname:
            yield Item(Entry(f"{home}/{soname}", Kind.SYMLINK, 0o777, link=name))
    yield from _licence(wheel)


def configuration(kit: Toolkit, arch: str) -> Iterator[Item]:
    """The loader's configuration and the alternatives that make /usr/local/cuda this toolkit."""
    lib = f"targets/{MACHINES[arch].target}/lib"
    texts = {
        "etc/ld.so.conf.d/000_cuda.conf": f"/usr/local/cuda/{lib}\n",
        f"etc/ld.so.conf.d/{1000 - kit.major}_cuda-{kit.major}.conf": f"/usr/local/cuda-{kit.major}/{lib}\n",
        "etc/ld.so.conf.d/nvidia.conf": "".join(f"{folder}\n" for folder in _DRIVER_FOLDERS),
    }
    for name in ("cuda", f"cuda-{kit.major}"):
        texts[f"var/lib/dpkg/alternatives/{name}"] = (
            f"auto\n/usr/local/{name}\n\n{kit.folder}\n{kit.major}{kit.minor}\n\n"
        )
        yield Item(Entry(f"etc/alternatives/{name}", Kind.SYMLINK, 0o777, link=kit.folder))
        yield Item(Entry(f"usr/local/{name}", Kind.SYMLINK, 0o777, link=f"/etc/alternatives/{name}"))
    for path, text in texts.items():
        data = text.encode()
        yield Item(Entry(path, Kind.FILE, 0o644, size=len(data)), data)


def _full_name(stem: str, soname_version: str | None, version: str) -> str:
    """The file's name: SONAME's version continued by the wheel's, libcudart.so.12 -> libcudart.so.12.8.90."""
    if soname_version is None:
        return stem
    return f"{stem}.{version if version.startswith(soname_version + '.') else soname_version}"


def _folders(path: str) -> Iterator[Item]:
    """The folders of a path that Debian's base does not have."""
    parts = path.split("/")
    for length in range(1, len(parts) + 1):
        folder = "/".join(parts[:length])
        if folder not in ("usr", "usr/local", "usr/share", "usr/share/doc"):
            yield Item(Entry(folder, Kind.DIR, 0o755))


def _check_machine(wheel: Wheel, member: str, arch: str) -> None:
    head = wheel.head(member, 20)
    wanted = struct.pack("<4sBB", elf.MAGIC, 2, 1), struct.pack("<H", MACHINES[arch].elf_machine)
    if (head[:6], head[18:20]) != wanted:
        raise ToolError(
            f"{member}: not a shared library for {arch}",
            file=wheel.path,
            remedy=f"The layer is for {arch}; give it the wheel that was built for {arch}.",
        )


def _licence(wheel: Wheel) -> Iterator[Item]:
    """The licence, where Debian's packages have theirs; NVIDIA's terms ask that it stays with the files."""
    prefix = wheel.dist_info + "/"
    found = [
        name for name in wheel.names() if name.startswith(prefix) and _LICENCE.fullmatch(name[len(prefix) :])
    ]
    if not found:
        raise ToolError(f"{wheel.name} {wheel.version} comes without a licence", file=wheel.path)
    home = f"usr/share/doc/{re.sub(r'[-_.]+', '-', wheel.name).lower()}"
    yield from _folders(home)
    for number, member in enumerate(found):
        name = "copyright" if number == 0 else f"copyright.{number}"
        yield Item(
            Entry(f"{home}/{name}", Kind.FILE, 0o644, size=wheel.size(member)), wheel=wheel, member=member
        )
