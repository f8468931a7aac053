"""Real programs, started by real bubblewrap: what they see, may do, and leave behind."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import zlib_ng

from tools.image_run.layout import open_image
from tools.image_run.testing_tool import ROOT, Tool
from tools.image_run.unpack import can_set_owners


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


@pytest.mark.skipif(not can_set_owners(), reason="only root can become another user")
def test_an_ordinary_user_can_do_it_too(tool: Tool) -> None:
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are for their owner alone
        place = Path(name)
        for package in ("common", "image_run"):
            shutil.copytree(ROOT / "tools" / package, place / "tools" / package)
        shutil.copytree(Path(zlib_ng.__file__).parent, place / "zlib_ng")
        shutil.copytree(tool.layout, place / "layout")
        (place / "cache").mkdir()
        os.chown(place / "cache", nobody.pw_uid, nobody.pw_gid)
        place.chmod(0o755)
        theirs = Tool(place / "layout", place / "cache")
        if not _open_to_all(sys.executable):
            pytest.skip("another user may not start this Python")
        done = subprocess.run(
            theirs.line("sh", "-c", "id -u; touch /etc/new && ls /etc/new"),
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
    file = Path(program).resolve()
    return file.exists() and all(each.stat().st_mode & 0o001 for each in (file, *file.parents))


def test_config_keeps_its_bytes(tool: Tool) -> None:
    assert json.loads(open_image(tool.layout).config.text)["config"]["WorkingDir"] == "/home"
