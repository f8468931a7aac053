"""A cache of files that nginx serves: no fault of it breaks a build or makes it come out otherwise."""

import hashlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airgap.registry import serve
from tests.remote_cache.machine import Build, Machine, digest, machine
from tests.remote_cache.servers import Server, nginx, when

_IMAGE, _ACTIONS = os.environ["IMAGE"], int(os.environ["ACTIONS"])
_DIGEST = digest(Path(os.environ["BUILT"]))


@pytest.fixture(scope="module", name="full")
def _full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The cache after a first machine has written to it."""
    folder = tmp_path_factory.mktemp("cache")
    with nginx(folder / "nginx") as server:
        with machine(folder / "first") as first:
            options = ["--config=remote-cache-write", f"--remote_cache=http://{server.address}"]
            assert first.build(_IMAGE, *options, login=server.login).local == _ACTIONS
        assert len(server.blobs("ac")) == _ACTIONS
        yield server


@pytest.fixture(name="cache")
def _cache(full: Server) -> Iterator[Server]:
    """The same, whatever a test does to it."""
    kept = {path: path.read_bytes() for path in everything(full)}
    yield full
    if full.process is None:
        full.start()
    forget(full)
    for path, content in kept.items():
        path.write_bytes(content)


@pytest.fixture(scope="module", name="one")
def _one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("second")) as second:
        yield second


class Second:
    """A second machine, which has built nothing yet."""

    def __init__(self, itself: Machine, cache: Server) -> None:
        self._machine = itself
        self._cache = f"--remote_cache=http://{cache.address}"

    def build(self, config: str, *options: str, target: str, login: Path | None = None) -> Build:
        return self._machine.build(target, f"--config={config}", self._cache, *options, login=login)

    def gets_the_image(self, config: str, *options: str, login: Path | None = None) -> Build:
        """Builds it; it is the image that it should be."""
        built = self.build(config, *options, target=_IMAGE, login=login)
        assert self._machine.digest(_IMAGE) == _DIGEST
        return built

    def pushes(self, target: str, script: Path, *arguments: str, option: str) -> None:
        """Runs a target that pushes an image."""
        options = ["--config=remote-cache-lean", option, self._cache]
        program = self._machine.program(target, script, *options)
        subprocess.run([program, *arguments], check=True, env=os.environ | {"no_proxy": "localhost"})

    def has(self, target: str) -> bool:
        """Whether the files of a target are on this machine."""
        return any(
            file.is_file() for path in self._machine.files(target) for file in [path, *path.rglob("*")]
        )

    def forgets(self) -> None:
        """Forgets what it has built."""
        self._machine.clean()


@pytest.fixture(name="second")
def _second(cache: Server, one: Machine) -> Second:
    one.clean()
    return Second(one, cache)


def everything(cache: Server) -> list[Path]:
    return [*cache.blobs("ac"), *cache.blobs("cas")]


def forget(cache: Server) -> None:
    for path in everything(cache):
        path.unlink()


@pytest.mark.parametrize("config", ["remote-cache", "remote-cache-lean"])
def test_the_second_machine_does_nothing_itself(second: Second, config: str) -> None:
    assert second.gets_the_image(config).done == {"remote cache hit": _ACTIONS}


def test_a_small_cache_has_no_images(second: Second, cache: Server) -> None:
    """OCIImage and AnnotatedImage, which hold the layers once more, are left to each machine."""
    forget(cache)
    small = "--config=remote-cache-small"
    second.gets_the_image("remote-cache-write", small, login=cache.login)
    assert len(cache.blobs("ac")) == _ACTIONS - 2
    second.forgets()
    assert second.gets_the_image("remote-cache", small).hits == _ACTIONS - 2


def test_readers_write_nothing_and_do_not_try(second: Second, cache: Server) -> None:
    forget(cache)
    built = second.gets_the_image("remote-cache")
    assert built.local == _ACTIONS
    assert "WARNING: Remote Cache" not in built.said
    assert everything(cache) == []


def test_the_disk_cache_keeps_what_came(second: Second, cache: Server, tmp_path: Path) -> None:
    disk = f"--disk_cache={tmp_path / 'disk'}"
    assert second.gets_the_image("remote-cache", disk).done == {"remote cache hit": _ACTIONS}
    cache.kill()
    second.forgets()
    assert second.gets_the_image("remote-cache", disk).done == {"disk cache hit": _ACTIONS}


def test_what_a_disk_cache_has_is_not_sent(second: Second, cache: Server, tmp_path: Path) -> None:
    """So a writer has none; when this fails, `--disk_cache=` of remote-cache-write has had its day."""
    disk = f"--disk_cache={tmp_path / 'disk'}"
    second.gets_the_image("remote-cache", disk)
    forget(cache)
    second.forgets()
    built = second.gets_the_image("remote-cache-write", disk, login=cache.login)
    assert built.hits == _ACTIONS
    assert everything(cache) == []


def test_a_push_fetches_the_image_and_not_what_it_was_made_of(second: Second, tmp_path: Path) -> None:
    minimal = "--remote_download_minimal"
    assert second.build("remote-cache-lean", minimal, target=_IMAGE).hits == _ACTIONS
    assert not second.has(_IMAGE)
    with serve(tmp_path / "registry") as registry:
        to = ("--repository", f"{registry.host}/team/formats", "--tag", "v1")
        second.pushes("//tests/formats:push", tmp_path / "push", *to, option=minimal)
        pushed = registry.manifest("team/formats", "v1")
    assert f"sha256:{hashlib.sha256(pushed).hexdigest()}" == _DIGEST
    assert second.has(_IMAGE)
    assert not second.has("//tests/formats:annotations")


@pytest.mark.parametrize("password", ["", "guess"])
def test_without_the_password_nothing_is_written(
    second: Second, cache: Server, tmp_path: Path, password: str
) -> None:
    forget(cache)
    login = tmp_path / "login"
    login.write_text(
        f"machine 127.0.0.1 login ci password {password}\n" if password else "", encoding="utf-8"
    )
    built = second.gets_the_image("remote-cache-write", login=login)
    assert built.local == _ACTIONS
    assert "401 Unauthorized" in built.said
    assert everything(cache) == []


def test_flipped_blobs_are_not_believed(second: Second, cache: Server) -> None:
    for path in cache.blobs():
        data = bytearray(path.read_bytes())
        if data:
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
    assert second.gets_the_image("remote-cache").local == _ACTIONS


def test_nonsense_instead_of_results_is_not_believed(second: Second, cache: Server) -> None:
    """The page of a portal, or less than all of a result."""
    for number, path in enumerate(cache.blobs("ac")):
        path.write_bytes(b"<html>Sign in</html>" if number % 2 else path.read_bytes()[:-1])
    assert second.gets_the_image("remote-cache").local == _ACTIONS


@pytest.mark.parametrize("config", ["remote-cache", "remote-cache-lean"])
def test_half_of_the_blobs_are_gone(second: Second, cache: Server, config: str) -> None:
    for path in cache.blobs()[::2]:
        path.unlink()
    assert second.gets_the_image(config).local > 0


@pytest.mark.parametrize("config", ["remote-cache", "remote-cache-lean"])
def test_all_is_gone_when_the_parts_of_a_build_are_needed(second: Second, cache: Server, config: str) -> None:
    assert second.gets_the_image(config).local == 0
    forget(cache)
    second.build(config, target=os.environ["NEXT"])


def test_killed_in_the_midst_of_writing(second: Second, cache: Server) -> None:
    forget(cache)
    with when(lambda: len(cache.blobs("ac")) > 1, cache.kill):
        built = second.gets_the_image("remote-cache-write", "--remote_timeout=1s", login=cache.login)
    assert built.local == _ACTIONS
    assert 1 < len(cache.blobs("ac")) < _ACTIONS


def test_dead_from_the_start(second: Second, cache: Server) -> None:
    cache.kill()
    assert second.gets_the_image("remote-cache").local == _ACTIONS


def test_takes_calls_and_never_answers(second: Second, cache: Server) -> None:
    cache.signal(signal.SIGSTOP)
    try:
        assert second.gets_the_image("remote-cache", "--remote_timeout=1s").local == _ACTIONS
    finally:
        cache.signal(signal.SIGCONT)
