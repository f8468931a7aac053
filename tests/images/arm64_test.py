"""An arm64 image, made on amd64 without emulation, starts: its own programs run, emulated here alone."""

import json
import os
from pathlib import Path

import pytest

from tests.images.emulator import Emulator
from tools.image_run.layout import open_image
from tools.image_run.unpack import unpack

_IMAGE = open_image(Path(os.environ["IMAGE"]).absolute())
_PYTHON = f"{os.environ['IMAGE_BIN']}/python{os.environ['IMAGE_PYTHON']}"
_ENV: list[str] = json.loads(_IMAGE.config.text)["config"]["Env"]
_IMPORTS = "import asyncio, bz2, ctypes, curses, decimal, hashlib, lzma, readline, sqlite3, ssl, uuid, zlib"


@pytest.fixture(scope="module", name="root")
def _root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    unpack(_IMAGE, root)
    return root


@pytest.fixture(scope="module", name="scratch")
def _scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module", name="emulator")
def _emulator(root: Path, scratch: Path) -> Emulator:
    return Emulator(Path(os.environ["EMULATOR"]), root, scratch)


def test_the_interpreter_starts(emulator: Emulator) -> None:
    code = "import platform, sys; print(platform.machine(), '%d.%d' % sys.version_info[:2])"
    assert emulator.ok(_PYTHON, "-c", code, env=_ENV) == f"aarch64 {os.environ['IMAGE_PYTHON']}\n"


def test_the_standard_library_finds_its_libraries(emulator: Emulator) -> None:
    said = emulator.ok(_PYTHON, "-c", f"{_IMPORTS}; print(ssl.OPENSSL_VERSION)", env=_ENV)
    assert said.startswith("OpenSSL ")


def test_the_cuda_runtime_loads(emulator: Emulator) -> None:
    library = "libcudart.so." + os.environ["CUDA"]
    call = f"ctypes.CDLL('{library}').cudaRuntimeGetVersion(ctypes.byref(ctypes.c_int()))"
    assert emulator.ok(_PYTHON, "-c", f"import ctypes; print({call})", env=_ENV) == "0\n"


def test_the_loaders_cache_is_what_ldconfig_itself_would_write(
    emulator: Emulator, root: Path, scratch: Path
) -> None:
    written = emulator.ok("/sbin/ldconfig", "-p", env=_ENV)
    assert f"libcudart.so.{os.environ['CUDA']} (libc6,AArch64) => /usr/local/cuda" in written
    emulator.ok("/sbin/ldconfig", "-X", "-C", "/tmp/ld.so.cache", env=_ENV)
    assert (scratch / "ld.so.cache").read_bytes() == (root / "etc/ld.so.cache").read_bytes()


def test_dpkg_knows_every_package(emulator: Emulator) -> None:
    line = "${db:Status-Abbrev} ${Architecture}\n"
    listed = emulator.ok("/usr/bin/dpkg-query", "--show", "--showformat", line)
    assert set(listed.splitlines()) == {"ii  all", "ii  arm64"}
    assert emulator.ok("/usr/bin/dpkg", "--print-architecture") == "arm64\n"
    assert emulator.ok("/usr/bin/dpkg", "--audit") == ""


def test_the_shell_starts(emulator: Emulator) -> None:
    assert emulator.ok("/bin/bash", "-c", "echo $MACHTYPE $VIRTUAL_ENV", env=_ENV) == (
        "aarch64-unknown-linux-gnu /usr/share/python3/app\n"
    )
