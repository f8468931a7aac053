"""Real programs, started by real bubblewrap in an image that is made of this machine's own programs."""

import json
import os
import pty
import pwd
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.image_run import testing as make
from tools.image_run.layout import open_image
from tools.image_run.unpack import can_set_owners

_PROGRAMS = ("bash", "cat", "env", "id", "ls", "sh", "sleep", "stat", "touch")
_PASSWD = b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:50::/home/app:/bin/sh\n"
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Tool:
    """image_run as its users start it, with a cache of its own."""

    layout: Path
    cache: Path

    def line(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tools.image_run", "--layout", str(self.layout), *arguments]

    def env(self, **more: str) -> dict[str, str]:
        return os.environ | {"XDG_CACHE_HOME": str(self.cache), "PYTHONPATH": str(_ROOT)} | more

    def run(self, *arguments: str, stdin: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.line(*arguments),
            input=stdin,
            env=self.env(**env),
            capture_output=True,
            text=True,
            check=False,
        )

    def out(self, *arguments: str, **env: str) -> str:
        done = self.run(*arguments, **env)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def root(self) -> Path:
        (root,) = (path for path in (self.cache / "pycuda/roots").iterdir() if path.suffix != ".lock")
        return root


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    folder = tmp_path_factory.mktemp("image")
    layout = make.single(
        folder / "layout",
        make.programs(*_PROGRAMS),
        [
            make.file("etc/passwd", _PASSWD),
            make.file("etc/group", b"staff:x:50:\n"),
            make.file("home/app/own", b"mine", uid=1000, gid=50),
            make.file("etc/secret", b"", 0o600),
            make.file("etc/data", b"", 0o644),
        ],
        Env=["PATH=/bin", "GREETING=hello"],
        WorkingDir="/home",
        Cmd=["sh", "-c", "echo $GREETING from $PWD"],
    )
    return Tool(layout, folder / "cache")


@pytest.fixture(name="snapshot")
def _snapshot(tool: Tool) -> Iterator[None]:
    """Fails a test that changes the cached root."""
    tool.run("ls")
    before = _tree(tool.root())
    yield
    assert _tree(tool.root()) == before


def _tree(root: Path) -> dict[str, tuple[int, int, int]]:
    stats = {str(path.relative_to(root)): path.lstat() for path in root.rglob("*")}
    return {name: (stat.st_mode, stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}


def test_own_command_with_env_and_workdir(tool: Tool) -> None:
    assert tool.out() == "hello from /home\n"


def test_given_command_env_and_workdir(tool: Tool) -> None:
    options = ["--env", "GREETING=bye", "--env", "FROM_CALLER", "--workdir", "/etc", "--"]
    text = tool.out(
        *options, "sh", "-c", "echo $GREETING $FROM_CALLER $NOT_PASSED $PWD", FROM_CALLER="c", NOT_PASSED="n"
    )
    assert text == "bye c /etc\n"


def test_entrypoint(tool: Tool) -> None:
    assert tool.out("--entrypoint", "cat", "/etc/group") == "staff:x:50:\n"


def test_options_end_at_the_command(tool: Tool) -> None:
    assert tool.out("sh", "-c", 'echo "$@"', "x", "--env", "--", "-h") == "--env -- -h\n"


def test_no_variable_of_the_caller_gets_in(tool: Tool) -> None:
    names = {line.partition("=")[0] for line in tool.out("env", LEAK="1").splitlines()}
    assert names == {"GREETING", "HOME", "PATH", "PWD"}


@pytest.mark.usefixtures("snapshot")
def test_writes_are_thrown_away(tool: Tool) -> None:
    assert (
        tool.out("sh", "-c", "echo x > /new; echo x >> /etc/data; cat /new /etc/data; ls /new")
        == "x\nx\n/new\n"
    )
    assert tool.out("cat", "/etc/data") == ""


@pytest.mark.usefixtures("snapshot")
def test_read_only(tool: Tool) -> None:
    done = tool.run("--read-only", "sh", "-c", "touch /tmp/fine || exit 9; touch /new || exit 7")
    assert done.returncode == 7
    assert "Read-only file system" in done.stderr


def test_network_none_has_loopback_only(tool: Tool) -> None:
    assert _interfaces(tool.out("cat", "/proc/net/dev")) == {"lo"}
    assert "localhost" in tool.out("cat", "/etc/hosts")


def test_network_host(tool: Tool) -> None:
    mine = _interfaces(Path("/proc/net/dev").read_text())
    assert _interfaces(tool.out("--network", "host", "cat", "/proc/net/dev")) == mine
    assert tool.out("--network", "host", "cat", "/etc/hosts") == Path("/etc/hosts").read_text()


def _interfaces(table: str) -> set[str]:
    return {line.split(":")[0].strip() for line in table.splitlines() if ":" in line}


def test_binds(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("from outside")
    command = ["sh", "-c", "cat in; touch out"]
    assert tool.out("--bind", f"{tmp_path}:/new/place", "--workdir", "/new/place", *command) == "from outside"
    assert (tmp_path / "out").exists()
    done = tool.run("--bind", f"{tmp_path}:/tmp/place:ro", "--workdir", "/tmp/place", *command)
    assert "Read-only file system" in done.stderr


def test_relative_bind_is_from_where_the_user_is(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("text")
    assert tool.out("--bind", "in:/etc/in", "cat", "/etc/in", BUILD_WORKING_DIRECTORY=str(tmp_path)) == "text"


@pytest.mark.parametrize(
    ("user", "expected"),
    [("app", "1000 50"), ("1000", "1000 50"), ("7:staff", "7 50"), ("0", "0 0"), ("app:3", "1000 3")],
)
def test_user(tool: Tool, user: str, expected: str) -> None:
    assert tool.out("--user", user, "sh", "-c", "echo $(id -u) $(id -g)").strip() == expected


def test_home_is_the_users(tool: Tool) -> None:
    assert tool.out("--user", "app", "sh", "-c", "echo $HOME") == "/home/app\n"


@pytest.mark.skipif(not can_set_owners(), reason="only root can be several users")
def test_a_user_may_do_what_the_user_may_do(tool: Tool) -> None:
    done = tool.run(
        "--user", "app", "sh", "-c", "cat /home/app/own && touch /home/app/own && cat /etc/secret"
    )
    assert done.stdout == "mine"
    assert "secret: Permission denied" in done.stderr
    assert "Permission denied" in tool.run("--user", "app", "touch", "/etc/data").stderr


@pytest.mark.parametrize("code", [0, 1, 77])
def test_exit_code(tool: Tool, code: int) -> None:
    assert tool.run("sh", "-c", f"exit {code}").returncode == code


def test_stdin_passes(tool: Tool) -> None:
    assert tool.run("cat", stdin="through").stdout == "through"


def test_program_that_dies_of_a_signal(tool: Tool) -> None:
    assert tool.run("sh", "-c", "kill -9 $$").returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
@pytest.mark.parametrize("user", ["0", "app"])
def test_signals_reach_the_program(tool: Tool, number: signal.Signals, user: str) -> None:
    script = f"trap 'echo caught; exit 5' {number.name.removeprefix('SIG')}; echo ready; sleep 20 & wait"
    with subprocess.Popen(
        tool.line("--user", user, "sh", "-c", script), env=tool.env(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        began = time.monotonic()
        process.send_signal(number)
        assert process.stdout.read() == "caught\n"
        assert process.wait() == 5
    assert time.monotonic() - began < 10


def test_ctrl_c_lets_the_program_finish(tool: Tool) -> None:
    """A terminal sends SIGINT to the whole process group, bubblewrap included, were it in there."""
    script = "trap 'sleep 0.3; echo tidied; exit 5' INT; echo ready; sleep 20 & wait"
    with subprocess.Popen(
        tool.line("sh", "-c", script),
        env=tool.env(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert (process.stdout.read(), process.wait()) == ("tidied\n", 5)


def test_a_shell_on_a_terminal_has_job_control(tool: Tool) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(sys.executable, tool.line("--env", "PS1=prompt>", "bash", "--norc"), tool.env())
    _expect(terminal, b"prompt>")
    os.write(terminal, b"sleep 300\n")
    time.sleep(0.5)
    os.write(terminal, b"\x03")  # ends sleep, not the shell
    _expect(terminal, b"prompt>")
    os.write(terminal, b"echo $((6 * 7)); exit 3\n")
    _expect(terminal, b"42")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 3


def _expect(terminal: int, text: bytes) -> None:
    seen = b""
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], 20)
        assert ready, f"waited for {text!r}, got {seen!r}"
        seen += os.read(terminal, 1024)
        assert b"no job control" not in seen


def test_nothing_survives_the_tool(tool: Tool, tmp_path: Path) -> None:
    script = "while :; do touch /seen/beat; sleep 0.1; done"
    with subprocess.Popen(
        tool.line("--bind", f"{tmp_path}:/seen", "sh", "-c", script), env=tool.env()
    ) as process:
        _wait_for((tmp_path / "beat").exists)
        process.kill()
    _wait_for(lambda: _age(tmp_path / "beat") > 1)


def _age(file: Path) -> float:
    return time.time() - file.stat().st_mtime


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_new_root_that_is_kept(tool: Tool, tmp_path: Path) -> None:
    root = tmp_path / "root"
    tool.out("--root", str(root), "sh", "-c", "echo kept > /etc/new")
    assert (root / "etc/new").read_text() == "kept\n"
    done = tool.run("--root", str(root), "ls")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {root}: exists already")


def test_cache_is_made_once_and_by_one_of_many(tool: Tool, tmp_path: Path) -> None:
    racing = Tool(tool.layout, tmp_path)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: racing.out(), range(4)))
    assert results == ["hello from /home\n"] * 4
    made = racing.root().stat().st_ino
    racing.out()
    assert racing.root().stat().st_ino == made


def test_nothing_is_left_of_a_bad_image(tool: Tool, tmp_path: Path) -> None:
    layout = make.single(tmp_path / "layout", [make.file("a")], [make.file("../b")])
    done = Tool(layout, tmp_path / "cache").run("ls")
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].endswith("the entry '../b' leaves the root of the image")
    assert len(done.stderr.splitlines()) == 1
    assert [path.suffix for path in (tmp_path / "cache/pycuda/roots").iterdir()] == [".lock"]


def test_no_space(tool: Tool, tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    small = Tool(tool.layout, place)
    look = 'code=0; "$@" || code=$?; find "$0" -type f ! -name "*.lock"; exit $code'
    disk = [
        "bwrap",
        "--bind",
        "/",
        "/",
        "--dev-bind",
        "/dev",
        "/dev",
        "--size",
        "100000",
        "--tmpfs",
        str(place),
    ]
    done = subprocess.run(
        [*disk, "sh", "-c", look, str(place), *small.line("ls")],
        env=small.env(),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, ""), "nothing is left behind"
    problem, remedy = done.stderr.splitlines()
    assert problem == f"error: {place}/pycuda/roots: no space left to unpack an image"
    assert remedy == "  make some, or choose another place with the variable XDG_CACHE_HOME"


@pytest.mark.skipif(not can_set_owners(), reason="only root can become another user")
def test_an_ordinary_user_can_do_it_too(tool: Tool) -> None:
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are for their owner alone
        place = Path(name)
        for package in ("common", "image_run"):
            shutil.copytree(_ROOT / "tools" / package, place / "tools" / package)
        shutil.copytree(tool.layout, place / "layout")
        (place / "cache").mkdir()
        os.chown(place / "cache", nobody.pw_uid, nobody.pw_gid)
        place.chmod(0o755)
        theirs = Tool(place / "layout", place / "cache")
        python = next((each for each in (sys.executable, "/usr/bin/python3") if _open_to_all(each)), None)
        if python is None:
            pytest.skip("no Python that another user may start")
        done = subprocess.run(
            [python, *theirs.line("sh", "-c", "id -u; touch /etc/new && ls /etc/new")[1:]],
            env=theirs.env(PYTHONPATH=name),
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n/etc/new\n", "")


def _open_to_all(program: str) -> bool:
    folders = Path(program).resolve().parents
    return Path(program).exists() and all(folder.stat().st_mode & 0o001 for folder in folders)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["no-such-program"], 127, "error: no-such-program: not found in the image"),
        (["/etc/data"], 126, "error: /etc/data: not found in the image, or not executable"),
        (["--user", "ghost", "ls"], 1, "error: the image has no user 'ghost' in its /etc/passwd"),
        (
            ["--bind", "/no/such:/x", "ls"],
            1,
            "error: cannot bind /no/such: there is no such file or directory",
        ),
        (["--bind", "/etc", "ls"], 1, "error: cannot understand --bind '/etc'"),
        (["--env", "=x", "ls"], 1, "error: --env '=x' has no name"),
        (
            ["--bwrap", "/no/bwrap", "ls"],
            1,
            "error: /no/bwrap: no such program\n  as root: apt-get install bubblewrap",
        ),
        (["--platform", "linux/riscv64", "ls"], 1, "the image is for linux/amd64, not linux/riscv64"),
        (["--nonsense"], 2, "image_run: error: unrecognized arguments: --nonsense"),
        (["--network", "bridge"], 2, "image_run: error: argument --network: invalid choice"),
    ],
)
def test_wrong_arguments_end_in_one_error(tool: Tool, arguments: list[str], code: int, message: str) -> None:
    done = tool.run(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_without_bubblewrap_on_path(tool: Tool, tmp_path: Path) -> None:
    done = tool.run("ls", PATH=str(tmp_path))
    assert done.returncode == 1
    message, remedy = done.stderr.splitlines()
    assert message == "error: bubblewrap is not installed: no program bwrap on PATH"
    assert remedy == "  as root: apt-get install bubblewrap"


def test_where_namespaces_are_forbidden(tool: Tool, tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    done = tool.run("--bwrap", str(broken), "ls")
    assert done.returncode == 1
    assert done.stderr.startswith("error: bubblewrap cannot start a program: bwrap: No permissions")


def test_help(tool: Tool) -> None:
    done = tool.run("--help")
    assert done.returncode == 0
    assert "--read-only" in done.stdout


def test_config_keeps_its_bytes(tool: Tool) -> None:
    assert json.loads(open_image(tool.layout).config.text)["config"]["WorkingDir"] == "/home"
