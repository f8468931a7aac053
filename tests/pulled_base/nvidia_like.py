"""An image of the same shape as NVIDIA's on Ubuntu, made of real packages of Debian.

Three layers, Docker's media types, two architectures: the essential packages of a newer Debian, whose
libraries have the names and the `Provides` that Ubuntu 24.04 has (libssl3t64 provides libssl3); libcudart;
and dpkg's database as it would be if all of that came from Ubuntu and from NVIDIA's packages.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.airgap.registry import Registry

REPOSITORY = "nvidia/cuda"
OPENSSL = "3.0.13-0ubuntu3.5"
ENV = {
    "PATH": "/usr/local/nvidia/bin:/usr/local/cuda/bin:"
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "NVARCH": "x86_64",
    "NVIDIA_REQUIRE_CUDA": "cuda>=12.8 brand=unknown,driver>=470,driver<471",
    "NV_CUDA_CUDART_VERSION": "12.8.90-1",
    "CUDA_VERSION": "12.8.1",
    "LD_LIBRARY_PATH": "/usr/local/nvidia/lib:/usr/local/nvidia/lib64",
    "NVIDIA_VISIBLE_DEVICES": "all",
    "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
}
LABELS = {
    "maintainer": "NVIDIA CORPORATION <cudatools@nvidia.com>",
    "org.opencontainers.image.ref.name": "ubuntu",
    "org.opencontainers.image.version": "24.04",
}
USER = "ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash\n"

_DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_DPKG = "var/lib/dpkg"
_OS_RELEASE = (
    'PRETTY_NAME="Ubuntu 24.04.2 LTS"\nNAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n'
)
_CUDART = """\
Package: cuda-cudart-12-8
Status: install ok installed
Priority: optional
Section: multiverse/devel
Installed-Size: 745
Maintainer: cudatools <cudatools@nvidia.com>
Architecture: {arch}
Multi-Arch: foreign
Source: cuda-cudart
Version: 12.8.90-1
Depends: cuda-toolkit-config-common (>= 12.8.90), cuda-toolkit-12-8-config-common
Description: CUDA Runtime native Libraries
 CUDA Runtime native Libraries

Package: cuda-keyring
Status: install ok installed
Priority: optional
Section: multiverse/devel
Maintainer: cudatools <cudatools@nvidia.com>
Architecture: all
Version: 1.1-1
Description: GPG keyring for the CUDA repository

Package: cuda-toolkit-12-8-config-common
Status: install ok installed
Priority: optional
Section: multiverse/devel
Maintainer: cudatools <cudatools@nvidia.com>
Architecture: all
Version: 12.8.90-1
Depends: cuda-toolkit-config-common
Description: Common config package for CUDA Toolkit 12.8.

Package: cuda-toolkit-config-common
Status: install ok installed
Priority: optional
Section: multiverse/devel
Maintainer: cudatools <cudatools@nvidia.com>
Architecture: all
Version: 12.8.90-1
Description: Common config package for CUDA Toolkit.

Package: gone
Status: deinstall ok config-files
Priority: optional
Section: misc
Maintainer: Ubuntu Developers <ubuntu-devel-discuss@lists.ubuntu.com>
Architecture: all
Version: 1-0ubuntu1
Conffiles:
 /etc/gone.conf 68b329da9893e34099c7d8ad5cb9c940
Description: a package of which only settings are left
"""


@dataclass(frozen=True)
class Parts:
    """What one architecture is made of: a layer with packages, its status file, a layer with libcudart."""

    packages: Path
    status: Path
    cuda: Path


def push(registry: Registry, parts: Mapping[str, Parts]) -> tuple[str, dict[str, str]]:
    """Puts the image into the registry; returns the list's digest, and the status file by architecture."""
    entries: list[dict[str, Any]] = []
    written: dict[str, str] = {}
    for arch, part in parts.items():
        written[arch] = ubuntu_status(part.status.read_text(encoding="utf-8"), arch)
        layers = [part.packages.read_bytes(), part.cuda.read_bytes(), _database(written[arch], part)]
        entries.append(_image(registry, arch, layers))
    content = json.dumps({"schemaVersion": 2, "mediaType": LIST, "manifests": entries}).encode()
    return registry.put_manifest(REPOSITORY, "12.8.1-base-ubuntu24.04", content, LIST), written


def ubuntu_status(text: str, arch: str) -> str:
    """The status file with Ubuntu's kind of versions and fields, and with the packages of NVIDIA."""
    stanzas = text.strip("\n").split("\n\n")
    for stanza in list(stanzas):
        (version,) = re.findall(r"^Version: (.*)$", stanza, re.MULTILINE)
        stanzas = [
            each.replace(f"(= {version})", f"(= {version}ubuntu1)").replace(
                f"\nVersion: {version}\n", f"\nVersion: {version}ubuntu1\n"
            )
            for each in stanzas
        ]
    stanzas = [
        _older_openssl(stanza) + "\nOriginal-Maintainer: Debian <debian@example.org>" for stanza in stanzas
    ]
    added = _CUDART.format(arch=arch).strip("\n").split("\n\n")
    return "".join(f"{stanza}\n\n" for stanza in sorted([*stanzas, *added], key=_name))


def _name(stanza: str) -> str:
    return stanza.splitlines()[0].removeprefix("Package: ")


def _older_openssl(stanza: str) -> str:
    """Ubuntu 24.04 has OpenSSL 3.0: what needs more is not for this base."""
    if _name(stanza) == "libssl3t64":
        stanza = re.sub(r"^Version: .*$", f"Version: {OPENSSL}", stanza, flags=re.MULTILINE)
        stanza = re.sub(r"libssl3 \(= .*?\)", f"libssl3 (= {OPENSSL})", stanza)
    if _name(stanza) == "openssl-provider-legacy":  # split off later
        stanza = re.sub(r"^(Breaks|Replaces): .*\n", "", stanza, flags=re.MULTILINE)
    return re.sub(r"libssl3t64 \((>=|=) .*?\)", "libssl3t64 (>= 3.0.0)", stanza)


def _database(status: str, part: Parts) -> bytes:
    """The layer with dpkg's database, the system's name, and a user."""
    with tarfile.open(part.cuda) as archive:
        owned = [member for member in archive if not member.isdir()]
        sums = {member.name: _md5(_content(archive, member)) for member in owned if member.isreg()}
    with tarfile.open(part.packages) as archive:
        passwd = _content(archive, archive.getmember("etc/passwd")).decode()
        base_files = _content(archive, archive.getmember(f"{_DPKG}/info/base-files.md5sums")).decode()
        shadow = ""
        if "etc/shadow" in archive.getnames():
            shadow = _content(archive, archive.getmember("etc/shadow")).decode()
    info = f"{_DPKG}/info/cuda-cudart-12-8"
    files = {
        f"{_DPKG}/status": status,
        f"{info}.list": "".join(f"{path}\n" for path in ["/.", *sorted(_listed(owned))]),
        f"{info}.md5sums": "".join(f"{md5}  {name}\n" for name, md5 in sorted(sums.items())),
        "etc/apt/sources.list.d/.wh.debian.sources": "",
        f"{_DPKG}/info/base-files.md5sums": re.sub(
            r".*(?=  usr/lib/os-release\n)", _md5(_OS_RELEASE.encode()), base_files
        ),
        "etc/gone.conf": "\n",
        "etc/passwd": passwd + USER,
        "usr/lib/os-release": _OS_RELEASE,
    }
    for package in ("cuda-keyring", "cuda-toolkit-12-8-config-common", "cuda-toolkit-config-common"):
        files |= {f"{_DPKG}/info/{package}.list": "/.\n", f"{_DPKG}/info/{package}.md5sums": ""}
    files[f"{_DPKG}/info/gone.list"] = "/etc/gone.conf\n"
    if shadow:
        files["etc/shadow"] = shadow + "ubuntu:!:19837:0:99999:7:::\n"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o640 if name == "etc/shadow" else 0o644
            entry.gid = 42 if name == "etc/shadow" else 0
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(out.getvalue(), mtime=0)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    assert stream is not None
    return stream.read()


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _listed(members: list[tarfile.TarInfo]) -> set[str]:
    """Paths with their folders, as dpkg lists them."""
    found = set()
    for member in members:
        parts = member.name.split("/")
        found |= {"/" + "/".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return found


def _image(registry: Registry, arch: str, layers: list[bytes]) -> dict[str, Any]:
    """Stores one architecture's image; returns its entry of the list."""
    config = json.dumps(
        {
            "architecture": arch,
            "config": {
                "Cmd": ["/bin/bash"],
                "Env": [f"{name}={value}" for name, value in ENV.items()],
                "Labels": LABELS,
            },
            "history": [{"created_by": f"layer {number}"} for number in range(len(layers))],
            "os": "linux",
            "rootfs": {
                "diff_ids": [
                    f"sha256:{hashlib.sha256(gzip.decompress(layer)).hexdigest()}" for layer in layers
                ],
                "type": "layers",
            },
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _DOCKER,
            "config": _blob(registry, config, _CONFIG),
            "layers": [_blob(registry, layer, _LAYER) for layer in layers],
        }
    ).encode()
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    registry.put_manifest(REPOSITORY, digest, manifest, _DOCKER)
    platform = {"architecture": arch, "os": "linux"}
    return {"mediaType": _DOCKER, "size": len(manifest), "digest": digest, "platform": platform}


def _blob(registry: Registry, data: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "size": len(data), "digest": registry.put_blob(REPOSITORY, data)}
