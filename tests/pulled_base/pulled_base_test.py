"""--//images:cuda_base=nvidia, from a real registry on loopback to a started image.

A nested workspace is this one with the digest of an image of the same shape as NVIDIA's, and with a mirror of
docker.io, as the error tells who cannot reach that.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.airgap.registry import Registry, serve
from tests.pulled_base.nvidia_like import ENV, LABELS, LIST, OPENSSL, REPOSITORY, USER, Parts, push
from tools.base_state.root import Root
from tools.image_run.layout import Image, open_image
from tools.testing.nested_bazel import NestedBazel, caches

ARCHITECTURES = ("amd64", "arm64")
FLAG = "--//images:cuda_base=nvidia"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}(?=\",  # 12\.8\.1-base-ubuntu24\.04)")
VENV = "/usr/share/python3/app"
_NOWHERE = dict.fromkeys(("https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")


@dataclass
class Nested:
    """The workspace, and what the registry has."""

    bazel: NestedBazel
    folder: Path
    registry: Registry
    digest: str
    status: Mapping[str, str]
    mirrored: bool = True

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs Bazel there."""
        environ = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        environ |= {name: value for name, value in os.environ.items() if name.startswith(("APT_", "PIP_"))}
        environ |= dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost,127.0.0.1")
        environ |= {"PYCUDA_BLOBS": ""}
        environ |= {"PYCUDA_BASE_MIRROR": self.registry.host} if self.mirrored else _NOWHERE
        return self.bazel.bazel(*arguments, env=environ)

    def build(self, target: str, *options: str) -> Path:
        """Builds a target that is one folder or file."""
        done = self.run("build", FLAG, *options, target)
        assert done.returncode == 0, done.stderr
        found = self.run("cquery", FLAG, *options, "--output=files", target)
        return self.bazel.root / found.stdout.strip().splitlines()[-1]

    def fails(self, target: str, *options: str) -> str:
        """What Bazel says of a target that cannot be built."""
        done = self.run("build", FLAG, *options, target)
        assert done.returncode == 1, done.stderr
        assert '.py", line' not in done.stderr, done.stderr
        return done.stderr

    def pin(self, digest: str) -> None:
        """Writes MODULE.bazel with another digest."""
        module = self.bazel.root / "MODULE.bazel"
        text, count = DIGEST.subn(digest, module.read_text())
        assert count == 1
        module.unlink()
        module.write_text(text)

    @contextmanager
    def pinned(self, digest: str) -> Iterator[None]:
        """Has another digest for a while."""
        self.pin(digest)
        try:
            yield
        finally:
            self.pin(self.digest)


@pytest.fixture(scope="module", name="nested")
def _nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nested]:
    folder = tmp_path_factory.mktemp("nested")
    parts = {
        arch: Parts(
            *(Path(os.environ[f"{kind}_{arch}"]).absolute() for kind in ("packages", "status", "cuda"))
        )
        for arch in ARCHITECTURES
    }
    with serve(folder / "registry") as registry:
        digest, status = push(registry, parts)
        nested = Nested(NestedBazel(folder, "tests/pulled_base", caches()), folder, registry, digest, status)
        nested.pin(digest)
        try:
            yield nested
        finally:
            nested.run("shutdown")


@pytest.fixture(scope="module", name="layouts")
def _layouts(nested: Nested) -> dict[str, Path]:
    return {arch: nested.build(f"//images:runtime_py311_{arch}") for arch in ARCHITECTURES}


@pytest.fixture(name="images")
def _images(layouts: dict[str, Path]) -> dict[str, Image]:
    return {arch: open_image(layout, f"linux/{arch}") for arch, layout in layouts.items()}


@pytest.fixture(name="run")
def _run(layouts: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(layouts["amd64"], tmp_path_factory.getbasetemp() / "cache")


class Run:
    """Starts programs in the image."""

    def __init__(self, layout: Path, cache: Path) -> None:
        self._command = [sys.executable, "-m", "tools.image_run", "--layout", str(layout)]
        self._environ = os.environ | {"PYTHONPATH": ":".join(sys.path), "XDG_CACHE_HOME": str(cache)}

    def __call__(self, *arguments: str) -> str:
        """The output of a program that succeeds."""
        command = [*self._command, *arguments]
        done = subprocess.run(command, env=self._environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def stanzas(text: str) -> list[str]:
    return text.strip("\n").split("\n\n")


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_status_has_the_bases_entries_to_the_byte_and_ours(
    nested: Nested, images: dict[str, Image], arch: str
) -> None:
    root = Root()
    root.add_image(images[arch])
    status = (root.content("/var/lib/dpkg/status") or b"").decode()
    base = stanzas(nested.status[arch])
    assert [each for each in stanzas(status) if each in base] == base
    added = [each.splitlines()[0].split()[1] for each in stanzas(status) if each not in base]
    assert added == sorted(added)
    assert {"ca-certificates", "openssl", "netbase", "libpython3.11-stdlib", "python3.11-minimal"} <= set(
        added
    )
    assert not {"libssl3", "libc6", "libncursesw6", "libtinfo6", "debconf"} & set(added)
    passwd = (root.content("/etc/passwd") or b"").decode()
    assert passwd.endswith(USER)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_image_is_the_base_and_four_layers(images: dict[str, Image], arch: str) -> None:
    image = images[arch]
    assert image.config.platform == f"linux/{arch}"
    assert len(image.layers) == 3 + 4, "what TLS needs, Python, the commands, the loader's cache"


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_environment_and_labels_of_the_base_stay(images: dict[str, Image], arch: str) -> None:
    config = json.loads(images[arch].config.text)["config"]
    environ = dict(each.split("=", 1) for each in config["Env"])
    assert environ["PATH"] == f"{VENV}/bin:{ENV['PATH']}"
    assert {name: environ[name] for name in ENV if name != "PATH"} == {
        name: value for name, value in ENV.items() if name != "PATH"
    }
    assert {"LANG": "C.UTF-8", "VIRTUAL_ENV": VENV, "PYTHONUNBUFFERED": "1"}.items() <= environ.items()
    labels = config["Labels"]
    assert labels["maintainer"] == LABELS["maintainer"]
    assert labels["org.opencontainers.image.ref.name"] == "ubuntu"
    assert labels["org.opencontainers.image.title"] == "runtime-py3.11"
    assert "NVIDIA" in labels["org.opencontainers.image.licenses"]


def test_dpkg_and_apt_find_no_fault(run: Run) -> None:
    assert run("dpkg", "--audit") == ""
    assert run("sh", "-c", "apt-get check 2>&1 >/dev/null") == ""
    assert run("dpkg", "-S", "/usr/bin/python3.11") == "python3.11-minimal: /usr/bin/python3.11\n"
    cudart = "/usr/local/cuda-12.8/targets/x86_64-linux/lib/libcudart.so.12"
    assert run("dpkg", "-S", cudart) == f"cuda-cudart-12-8: {cudart}\n"
    assert cudart in run("dpkg", "-L", "cuda-cudart-12-8").splitlines()
    assert "/usr/lib/python3.11/os.py" in run("dpkg", "-L", "libpython3.11-minimal").splitlines()
    shown = run("dpkg-query", "--show", "--showformat", "${db:Status-Abbrev}${Package}\n").splitlines()
    assert {line[:3] for line in shown if not line.endswith("gone")} == {"ii "}
    assert "rc gone" in shown
    assert f"Installed: {OPENSSL}" in run("apt-cache", "policy", "libssl3t64")


def test_dpkg_verify_misses_only_what_path_rules_leave_out(run: Run) -> None:
    lines = run("sh", "-c", "dpkg --verify || true").splitlines()
    left_out = re.compile(r"missing +(c )?/usr/share/(doc|man|locale|info|lintian|bug|linda|groff|doc-base)/")
    assert [line for line in lines if not left_out.match(line)] == []


def test_only_what_was_asked_for_is_manually_installed(run: Run) -> None:
    manual = run("apt-mark", "showmanual").split()
    assert {"python3.11-minimal", "libpython3.11-stdlib", "ca-certificates", "netbase"} <= set(manual)
    assert not {"libffi8", "media-types", "openssl"} & set(manual)


def test_the_loaders_cache_is_what_ldconfig_would_write(run: Run) -> None:
    run("sh", "-c", "ldconfig -X -C /tmp/ld.so.cache && cmp /tmp/ld.so.cache /etc/ld.so.cache")
    assert "libcudart.so.12" in run("ldconfig", "-p")


def test_the_structure_tests_of_the_matrix_hold(nested: Nested) -> None:
    images = [f"//images:{kind}_nvidia_test" for kind in ("runtime_py311", "vanilla_py311", "vanilla_py39")]
    done = nested.run("test", FLAG, "--test_output=errors", *images)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_architectures_are_in_the_index(nested: Nested, images: dict[str, Image]) -> None:
    index = nested.build("//images:runtime_py311_index")
    for arch in ARCHITECTURES:
        assert open_image(index, f"linux/{arch}").digest == images[arch].digest


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_bill_of_materials_has_the_base_and_what_was_added(
    nested: Nested, images: dict[str, Image], arch: str
) -> None:
    done = nested.run("build", FLAG, f"//images:runtime_py311_{arch}_sbom")
    assert done.returncode == 0, done.stderr
    folder = nested.bazel.root / "bazel-bin/images"
    document = json.loads((folder / f"runtime_py311_nvidia_{arch}.cdx.json").read_bytes())
    kinds: dict[str, dict[str, Any]] = {kind: {} for kind in ("image", "installed", "deb")}
    for each in document["components"]:
        (kind,) = (said["value"] for said in each["properties"] if said["name"] == "pycuda:kind")
        kinds.setdefault(kind, {})[each["name"]] = each
    root = Root()
    root.add_image(images[arch])
    database = stanzas((root.content("/var/lib/dpkg/status") or b"").decode())
    found = {each.splitlines()[0].split()[1] for each in database if "Status: install ok" in each}
    assert kinds["installed"].keys() | kinds["deb"].keys() == found
    assert not kinds["installed"].keys() & kinds["deb"].keys()
    assert {"libssl3t64", "libc6"} <= kinds["installed"].keys()
    assert {"python3.11-minimal", "ca-certificates"} <= kinds["deb"].keys()
    assert all("hashes" in each for each in kinds["deb"].values())
    assert kinds["installed"]["libssl3t64"]["version"] == OPENSSL
    (base,) = kinds["image"].values()
    manifests = json.loads(nested.registry.manifest(REPOSITORY, nested.digest))["manifests"]
    (digest,) = (each["digest"] for each in manifests if each["platform"]["architecture"] == arch)
    assert base["hashes"] == [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}]


def test_a_python_without_merged_usr_fits_too(nested: Nested, tmp_path: Path) -> None:
    run = Run(nested.build("//images:runtime_py39_amd64"), tmp_path)
    assert run(
        "python3.9", "-c", "import ctypes, lzma, readline, sqlite3, ssl; print(ssl.OPENSSL_VERSION[:11])"
    ) == ("OpenSSL 1.1\n")
    assert run("readlink", "/lib") == "usr/lib\n"
    assert run("dpkg", "-S", "/lib/x86_64-linux-gnu/libreadline.so.8").startswith("libreadline8:amd64: ")
    assert run("dpkg", "--audit") == ""


def test_a_base_that_is_too_old_for_a_python(nested: Nested) -> None:
    said = nested.fails("//images:runtime_py313_amd64")
    needs = rf"error: openssl \S+ needs libssl3t64 \(>= 3\.5\.0\); the base has libssl3t64 {OPENSSL}\n"
    assert re.search(needs, said), said
    assert "a set of an older suite, or for Python an interpreter of rules_python" in said


def test_other_flavours_of_cuda_are_not_there(nested: Nested) -> None:
    said = nested.fails("//images:runtime_py311_amd64", "--//images:cuda=13")
    assert "--//images:cuda_base=nvidia needs --//images:cuda=12 and --//images:cuda_flavour=base" in said


def test_a_digest_that_the_registry_does_not_have(nested: Nested) -> None:
    wrong = "sha256:" + "0" * 64
    with nested.pinned(wrong):
        said = nested.fails("//images:runtime_py311_amd64")
    assert f"error: docker.io/{REPOSITORY}: the manifest {wrong} can't be had\n" in said
    assert f"  {nested.registry.host}/{REPOSITORY}: has no manifest {wrong}\n" in said


def test_other_bytes_than_the_digest_says_are_refused(nested: Nested) -> None:
    content = nested.registry.manifest(REPOSITORY, nested.digest) + b"\n"
    digest = nested.registry.put_manifest(REPOSITORY, "other", content, LIST)
    (stored,) = (nested.folder / "registry/data").rglob(f"{digest.removeprefix('sha256:')}/data")
    stored.write_bytes(content[:-1] + b" ")
    with nested.pinned(digest):
        said = nested.fails("//images:runtime_py311_amd64")
    assert f"{REPOSITORY}/manifests/{digest}: has other bytes than the digest" in said
    assert f"expected {digest}\n     got sha256:" in said


def test_nothing_is_pulled_unless_asked_for_and_then_the_error_helps(nested: Nested) -> None:
    offline = replace(nested, mirrored=False)
    with nested.pinned("sha256:" + "1" * 64):
        done = offline.run("build", "--nobuild", "//images:runtime_py311_index", "//images:runtime_py311")
        assert done.returncode == 0, done.stderr
        said = offline.fails("//images:runtime_py311_amd64")
    assert f"docker.io/{REPOSITORY}: can't reach https://registry-1.docker.io: " in said
    assert "--repo_env=PYCUDA_BASE_MIRROR=PLACE" in said
