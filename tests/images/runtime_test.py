"""A runtime image, started for real: what a user of it relies on beyond single files and commands."""

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.image_run.layout import Image, open_image

_LAYOUT = Path(os.environ["IMAGE"]).absolute()
_PYTHON = "python" + os.environ["IMAGE_PYTHON"]
_LARGEST = 70 * 10**6  # bytes, compressed
_IMPORTS = "import asyncio, bz2, ctypes, email.mime.text, hashlib, lzma, sqlite3, ssl, urllib.request, zlib"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module", name="cache")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(name="environment")
def _environment(cache: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": ":".join(sys.path), "XDG_CACHE_HOME": str(cache)}


@pytest.fixture(name="run")
def _run(environment: dict[str, str]) -> Run:
    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(_line(*arguments), env=environment, capture_output=True, text=True)

    return run


def _line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tools.image_run", "--layout", str(_LAYOUT), *arguments]


def _output(done: "subprocess.CompletedProcess[str]") -> str:
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def _tree(root: Path) -> dict[str, str]:
    """Every path below a root with type, mode, owner, time and content."""
    said = {}
    for path in root.rglob("*"):
        info = path.lstat()
        content = ""
        if stat.S_ISREG(info.st_mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        elif stat.S_ISLNK(info.st_mode):
            content = os.readlink(path)
        said[str(path.relative_to(root))] = (
            f"{info.st_mode:o} {info.st_uid}:{info.st_gid} {info.st_mtime_ns} {content}"
        )
    return said


def _changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted({path for path in before.keys() | after.keys() if before.get(path) != after.get(path)})


def _root(cache: Path) -> Path:
    (root,) = (path for path in (cache / "pycuda/roots").iterdir() if path.suffix != ".lock")
    return root


def test_python_says_its_version(run: Run) -> None:
    text = _output(run(_PYTHON, "-c", "import sys; print(*sys.version_info[:2], sep='.', end='')"))
    assert f"python{text}" == _PYTHON


def test_a_read_only_run_changes_nothing(run: Run, cache: Path) -> None:
    _output(run("true"))
    before = _tree(_root(cache))
    assert len(before) > 3000
    _output(run("--read-only", _PYTHON, "-c", _IMPORTS))
    failed = run("--read-only", _PYTHON, "-c", "open('/usr/written', 'w')")
    assert (failed.returncode, failed.stderr.splitlines()[-1]) == (
        1,
        "OSError: [Errno 30] Read-only file system: '/usr/written'",
    )
    assert _changes(before, _tree(_root(cache))) == []


def test_a_writable_run_leaves_the_cached_root_alone(run: Run, cache: Path) -> None:
    _output(run("true"))
    before = _tree(_root(cache))
    _output(run("sh", "-c", "rm -r /var/lib/dpkg && echo x >> /etc/passwd && touch /new"))
    assert _changes(before, _tree(_root(cache))) == []


def test_python_writes_no_byte_code_even_where_it_may(run: Run, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    _output(run("--root", str(first), _PYTHON, "-c", _IMPORTS))
    assert list(first.rglob("*.pyc")) == []
    # What the image's environment is for: without it byte code appears.
    _output(run("--root", str(second), "--env", "PYTHONDONTWRITEBYTECODE=", _PYTHON, "-c", _IMPORTS))
    assert list(second.rglob("*.pyc")) != []


def test_an_unprivileged_user_needs_no_writing(run: Run) -> None:
    text = _output(
        run("--read-only", "--user", "1000:1000", _PYTHON, "-c", f"{_IMPORTS}; import os; print(os.getuid())")
    )
    assert text == "1000\n"


def test_no_network_by_default(run: Run) -> None:
    assert _output(run(_PYTHON, "-c", "import socket; print(socket.if_nameindex())")) == "[(1, 'lo')]\n"
    failed = run(_PYTHON, "-c", "import socket; socket.create_connection(('192.0.2.1', 80), 5)")
    assert failed.stderr.splitlines()[-1] == "OSError: [Errno 101] Network is unreachable"


def test_host_network_on_request(run: Run) -> None:
    script = "import socket; print(sorted(name for _, name in socket.if_nameindex()))"
    mine = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert _output(run("--network", "host", _PYTHON, "-c", script)) == mine


def test_the_cuda_runtime_loads(run: Run) -> None:
    library = "libcudart.so." + os.environ["CUDA"]
    call = f"ctypes.CDLL('{library}').cudaRuntimeGetVersion(ctypes.byref(ctypes.c_int()))"
    script = f"import ctypes; print({call})"
    assert _output(run(_PYTHON, "-c", script)) == "0\n"


def test_bound_code_runs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import pathlib; pathlib.Path('result').write_text('done')")
    _output(run("--bind", f"{tmp_path}:/srv", "--workdir", "/srv", _PYTHON, "app.py"))
    assert (tmp_path / "result").read_text() == "done"


@pytest.mark.parametrize("code", [0, 3, 255])
def test_exit_codes(run: Run, code: int) -> None:
    assert run(_PYTHON, "-c", f"raise SystemExit({code})").returncode == code


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, 128 + signal.SIGINT)]
)
def test_signals(environment: dict[str, str], number: signal.Signals, code: int) -> None:
    script = (
        "import time\ntry: print('ready'); time.sleep(30)\nexcept KeyboardInterrupt: print('stopped'); raise"
    )
    with subprocess.Popen(
        _line(_PYTHON, "-c", script),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        rest = process.stdout.read()
    assert (process.returncode, rest) == (code, "stopped\n" if number == signal.SIGINT else "")


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]", "localhost"])
def test_wait_for_port_of_a_service(run: Run, address: str) -> None:
    service = f"{_PYTHON} -m http.server --bind {address.strip('[]')} 8080"
    done = run("sh", "-c", f"{service} 2>/tmp/log & wait-for-port --timeout 20 {address}:8080")
    assert done.returncode == 0


def test_apt_install_of_an_empty_list(run: Run) -> None:
    assert run("sh", "-c", ": > /tmp/pkgdeps.txt; xargs -ra /tmp/pkgdeps.txt apt-install").returncode == 0


def _manifest() -> dict[str, object]:
    digest = open_image(_LAYOUT).digest.removeprefix("sha256:")
    document: dict[str, object] = json.loads((_LAYOUT / "blobs/sha256" / digest).read_text())
    return document


def test_compressed_size() -> None:
    image: Image = open_image(_LAYOUT)
    sizes = [layer.size for layer in image.layers]
    print(f"{sum(sizes)} bytes in layers of {sizes}")
    assert sum(sizes) + len(image.config.text) <= _LARGEST


def test_layers_by_rate_of_change() -> None:
    sizes = [layer.size for layer in open_image(_LAYOUT).layers]
    assert len(sizes) == 5, "Debian, Python, CUDA, commands, loader's cache"
    assert max(sizes[3:]) < 100_000 < min(sizes[:3])


def test_annotations_are_labels_too() -> None:
    labels = json.loads(open_image(_LAYOUT).config.text)["config"]["Labels"]
    assert _manifest()["annotations"] == labels
    wanted = {"description", "licenses", "title", "version"}
    assert {f"org.opencontainers.image.{name}" for name in wanted} <= labels.keys()
    assert "NVIDIA" in labels["org.opencontainers.image.licenses"]


def test_nothing_tells_when_or_where_it_was_built() -> None:
    config = json.loads(open_image(_LAYOUT).config.text)
    assert config["created"] == "1970-01-01T00:00:00Z"
    assert "/bazel-out/" not in json.dumps([config, _manifest()])
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    assert open_image(_LAYOUT).config.platform == f"linux/{machine}"
