"""An engine does all actions of an image, with nothing but what they say they need; the image is the same."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.remote_cache.machine import Machine, digest, machine
from tests.remote_cache.servers import Server, casd, when

_IMAGE, _ACTIONS = os.environ["IMAGE"], int(os.environ["ACTIONS"])
_DIGEST = digest(Path(os.environ["BUILT"]))
_APP, _APP_DIGEST = os.environ["APP"], digest(Path(os.environ["APP_BUILT"]))
_SMALL, _SMALL_ACTIONS = "//tests/formats:image", 9
_SMALL_DIGEST = digest(Path(os.environ["SMALL_BUILT"]))
_EXEC = "--config=remote-exec"
_RESULTS = "actioncache"


@pytest.fixture(scope="module", name="engine")
def _engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with casd(tmp_path_factory.mktemp("engine") / "casd") as server:
        yield server


@pytest.fixture(scope="module", name="one")
def _one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with machine(tmp_path_factory.mktemp("machine")) as made:
        yield made


@pytest.fixture(name="client")
def _client(one: Machine) -> Machine:
    one.clean()
    return one


def forget(engine: Server) -> None:
    for path in engine.blobs(_RESULTS):
        path.unlink()


def executor(engine: Server) -> str:
    return f"--remote_executor=grpc://{engine.address}"


def test_the_engine_does_all_actions(client: Machine, engine: Server) -> None:
    built = client.build(_IMAGE, _EXEC, executor(engine), login=engine.login)
    assert built.done == {"remote": _ACTIONS}
    assert client.digest(_IMAGE) == _DIGEST


def test_others_have_what_it_did(client: Machine, engine: Server) -> None:
    built = client.build(_IMAGE, "--config=remote-cache", f"--remote_cache=grpc://{engine.address}")
    assert built.done == {"remote cache hit": _ACTIONS}
    assert client.digest(_IMAGE) == _DIGEST


def test_wheels_byte_code_libraries_and_cuda_are_made_by_it_too(client: Machine, engine: Server) -> None:
    """A worker has what an action names, and what every machine has; its folder is not the workspace."""
    built = client.build(f"{_APP} {_APP}_sbom", _EXEC, executor(engine), login=engine.login)
    assert built.remote > _ACTIONS
    assert built.local == 0
    assert client.digest(_APP) == _APP_DIGEST


def test_workers_may_be_unlike_this_machine(client: Machine, engine: Server) -> None:
    platform = "--extra_execution_platforms=//tools/platforms:worker"
    built = client.build(_SMALL, _EXEC, platform, executor(engine), login=engine.login)
    assert built.done == {"remote": _SMALL_ACTIONS}
    assert client.digest(_SMALL) == _SMALL_DIGEST


def test_without_the_password_it_does_nothing(client: Machine, engine: Server) -> None:
    built = client.build(_SMALL, _EXEC, "--noremote_accept_cached", executor(engine))
    assert built.local == _SMALL_ACTIONS


def test_a_cache_that_stops_to_answer_is_left_alone(client: Machine, engine: Server) -> None:
    forget(engine)
    options = [
        "--config=remote-cache-write",
        "--remote_timeout=1s",
        f"--remote_cache=grpc://{engine.address}",
    ]
    with when(lambda: len(engine.blobs(_RESULTS)) > 1, lambda: engine.signal(signal.SIGSTOP)):
        built = client.build(_SMALL, *options, login=engine.login)
    engine.signal(signal.SIGCONT)
    assert built.local == _SMALL_ACTIONS
    assert client.digest(_SMALL) == _SMALL_DIGEST


def test_this_machine_goes_on_when_the_engine_is_killed(client: Machine, engine: Server) -> None:
    forget(engine)
    with when(lambda: len(engine.blobs(_RESULTS)) > 1, engine.kill):
        built = client.build(_SMALL, _EXEC, "--jobs=1", executor(engine), login=engine.login)
    assert built.remote > 0
    assert built.local > 0
    assert built.remote + built.local == _SMALL_ACTIONS
    assert client.digest(_SMALL) == _SMALL_DIGEST
