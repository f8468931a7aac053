"""BuildGrid spreads the actions of an image over two workers; the image is the same."""

import os
from pathlib import Path

from tests.remote_cache.grid import grid
from tests.remote_cache.machine import digest, machine

_IMAGE, _ACTIONS = os.environ["IMAGE"], int(os.environ["ACTIONS"])


def test_two_workers_do_all_actions(tmp_path: Path) -> None:
    with grid(tmp_path / "grid") as engine, machine(tmp_path / "machine") as client:
        built = client.build(_IMAGE, "--config=remote-exec", f"--remote_executor=grpc://{engine.address}")
        assert built.done == {"remote": _ACTIONS}
        assert client.digest(_IMAGE) == digest(Path(os.environ["BUILT"]))
        logs = [(engine.folder / f"worker-{number}.log").read_text() for number in range(2)]
    done = [log.count("Runner exited with code 0") for log in logs]
    assert sum(done) == _ACTIONS
    assert min(done) > _ACTIONS / 4
