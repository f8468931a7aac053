"""Bad input, bad images and machines that cannot do it: one clear error each, and nothing half-made."""

import subprocess
from pathlib import Path

import pytest

from tools.image_run import testing as make
from tools.image_run.testing_tool import Tool


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


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["no-such-program"], 127, "error: no-such-program: not found in the image"),
        (["/etc/data"], 126, "error: /etc/data: not found in the image, or not executable"),
        (["--user", "ghost", "ls"], 1, "error: the image has no user 'ghost' in its /etc/passwd"),
        (
            ["--user", "4294967296", "ls"],
            1,
            "error: the user '4294967296' has the user number 4294967296, and only 0 to 2147483647 can be",
        ),
        (["--user", "2147483648", "ls"], 1, "the user number 2147483648, and only 0 to"),
        (["--user", "9" * 5000, "ls"], 1, "99, and only 0 to 2147483647 can be used"),
        (["--user", "app:99999999999", "ls"], 1, "the group number 99999999999, and only 0 to"),
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


@pytest.mark.parametrize("user", ["4294967296", "1:4294967296", "huge", "odd"])
def test_user_of_the_image_that_no_kernel_has(tmp_path: Path, user: str) -> None:
    passwd = make.file("etc/passwd", b"huge:x:4294967296:0::/:\nodd:x:1:many::/:\n")
    layout = make.single(tmp_path / "layout", make.programs("id"), [passwd], User=user)
    done = Tool(layout, tmp_path / "cache").run("id")
    assert (done.returncode, done.stdout) == (1, "")
    problem, remedy = done.stderr.splitlines()
    assert problem.startswith(f"error: the user {user!r} has the ")
    assert remedy == "  choose another one with --user"


def test_highest_user(tool: Tool) -> None:
    assert tool.out("--user", "2147483647:2147483647", "id", "-u") == "2147483647\n"


def test_without_an_image(tool: Tool) -> None:
    line = [each for each in tool.line("ls") if each not in ("--layout", str(tool.layout))]
    done = subprocess.run(line, env=tool.env(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        "image_run: error: no image is named: "
        "start it with `bazel run //images:NAME_shell`, or give --layout DIR"
    )


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
