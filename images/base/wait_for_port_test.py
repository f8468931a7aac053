"""The command wait-for-port against real sockets, real name look-ups and a real Ctrl-C."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from images.base.test_sockets import hung, listener, port

COMMAND = str(Path(__file__).resolve().parent / "rootfs/usr/local/sbin/wait-for-port")
PYTHONS = [path for minor in range(9, 15) if (path := shutil.which(f"python3.{minor}"))]
LIMIT = 20
Done = subprocess.CompletedProcess[str]


def wait_for(*arguments: str) -> tuple[Done, float]:
    """Runs the command; also says how long it took."""
    start = time.monotonic()
    done = subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=LIMIT, check=False)
    return done, time.monotonic() - start


def closed_port() -> int:
    with listener() as server:
        return port(server)


def test_all_answer() -> None:
    with listener() as one, listener() as two, listener("::1") as six:
        done, seconds = wait_for(f"127.0.0.1:{port(one)}", f"localhost:{port(two)}", f"[::1]:{port(six)}")
    assert (done.returncode, done.stdout) == (0, "")
    assert "(3 of 3)" in done.stderr
    assert seconds < 10


def test_a_late_one_is_waited_for() -> None:
    late = closed_port()
    command = [COMMAND, "--period", "0.1", "--timeout", "10", f"127.0.0.1:{late}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "Connection refused; trying every 0.1 s" in process.stderr.readline()
        assert process.poll() is None
        with listener(port=late):
            assert process.wait(LIMIT) == 0
        assert "answers after" in process.stderr.read()


def test_the_timeout_has_its_own_code_and_a_list() -> None:
    with listener() as server:
        gone = [f"127.0.0.1:{closed_port()}", f"[::1]:{closed_port()}"]
        arguments = ["--timeout", "1", "--period", "0.2", gone[0], f"127.0.0.1:{port(server)}", gone[1]]
        done, seconds = wait_for(*arguments)
    assert (done.returncode, done.stdout.split()) == (124, gone)
    assert "no answer within 1 s from 2 of 3" in done.stderr
    assert "Connection refused" in done.stderr
    assert 1 <= seconds < 5


def test_a_hung_connection_costs_its_own_period_only() -> None:
    with hung() as stuck, listener() as fine:
        command = [COMMAND, "--period", "2", "--timeout", "15"]
        command += [f"127.0.0.1:{port(stuck)}", f"127.0.0.1:{port(fine)}"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert f"{port(fine)} answers" in process.stderr.readline()
            start = time.monotonic()
            assert "no answer to the connection attempt; trying every 2 s" in process.stderr.readline()
            assert 1 < time.monotonic() - start < 10
            while process.poll() is None:
                stuck.settimeout(0.1)
                try:
                    stuck.accept()[0].close()
                except TimeoutError:
                    continue
            assert process.returncode == 0
            assert time.monotonic() - start < 12


def test_hung_ones_do_not_stretch_the_clock() -> None:
    with hung() as stuck:
        arguments = [f"127.0.0.1:{port(stuck)}", f"127.0.0.2:{port(stuck)}", f"localhost:{port(stuck)}"]
        done, seconds = wait_for("--period", "30", "--timeout", "1.2", *arguments)
    assert done.returncode == 124
    assert 1.2 <= seconds < 6


def test_many_at_once() -> None:
    with listener() as server:
        gone = [f"127.0.0.1:{closed_port()}" for _ in range(150)]
        done, seconds = wait_for("--timeout", "1.5", f"127.0.0.1:{port(server)}", *gone)
    assert done.returncode == 124
    assert set(done.stdout.split()) == set(gone)
    assert seconds < 10


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        ("db", "no port"),
        ("[::1]", "no port"),
        ("http://localhost:80", "without a scheme"),
        ("http://localhost", "without a scheme"),
        ("tcp://[::1]:80/", "without a scheme"),
        ("db:", "not a number from 1 to 65535"),
        (":80", "no host"),
        ("db:0", "not a number from 1 to 65535"),
        ("db:65536", "not a number from 1 to 65535"),
        ("db:-1", "not a number from 1 to 65535"),
        ("db:8o", "not a number from 1 to 65535"),
        ("db:٨٠", "not a number from 1 to 65535"),
        ("db: 80", "not a number from 1 to 65535"),
        ("::1:80", "in brackets"),
        ("[::1:80", "in brackets"),
        ("[]:80", "not an IPv6 address"),
        ("[127.0.0.1]:80", "not an IPv6 address"),
        ("[::g]:80", "not an IPv6 address"),
        ("a b:80", "not a host name"),
        ("//db:80", "not a host name"),
        ("a..b:80", "not a host name"),
        (f"{'a' * 64}:80", "not a host name"),
        ("127.0.0.256:80", "not a host name"),
        ("", "no port"),
    ],
)
def test_a_malformed_endpoint_ends_with_2_at_once(endpoint: str, reason: str) -> None:
    with listener() as server:
        done, seconds = wait_for(f"127.0.0.1:{port(server)}", endpoint)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"malformed endpoint {endpoint!r}" in done.stderr
    assert reason in done.stderr
    assert seconds < 10


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--timeout", "0", "a:1"],
        ["--timeout", "-1", "a:1"],
        ["--period", "nan", "a:1"],
        ["--period", "inf", "a:1"],
        ["--period", "1e22", "a:1"],
        ["--timeout", "1000000001", "a:1"],
        ["--period", "x", "a:1"],
        ["--tim", "1", "a:1"],
        ["--strange", "a:1"],
    ],
)
def test_malformed_options_end_with_2(arguments: list[str]) -> None:
    done, _ = wait_for(*arguments)
    assert done.returncode == 2
    assert "usage: wait-for-port" in done.stderr


def test_help_names_options_and_exit_codes() -> None:
    done, _ = wait_for("--help")
    assert done.returncode == 0
    for word in ("--period", "--timeout", "HOST:PORT", "exit codes", "124"):
        assert word in done.stdout


@pytest.mark.parametrize("options", [[], ["--period", "60"], ["--period", "1e9", "--timeout", "1e9"]])
def test_interrupt_is_clean(options: list[str]) -> None:
    with hung() as stuck:
        command = [COMMAND, *options, f"127.0.0.1:{port(stuck)}", f"127.0.0.1:{closed_port()}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert "Connection refused" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (130, "")
    assert err.endswith("wait-for-port: interrupted\n")
    assert "Traceback" not in err


def test_a_reader_that_leaves_does_not_end_the_waiting() -> None:
    late = closed_port()
    command = [COMMAND, "--period", "0.1", "--timeout", "10", f"127.0.0.1:{late}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        process.stderr.close()
        time.sleep(0.5)
        with listener(port=late):
            assert process.wait(LIMIT) == 0


@pytest.mark.parametrize("python", PYTHONS)
def test_it_runs_on_every_python(python: str, tmp_path: Path) -> None:
    """With nothing on PATH but that interpreter, under its versioned name, as in Debian's images."""
    (tmp_path / Path(python).name).symlink_to(python)
    (tmp_path / "socket.py").write_text("raise SystemExit('shadowed')")
    env = {"PATH": str(tmp_path), "PYTHONPATH": str(tmp_path), "LC_ALL": "C"}
    with listener() as server:
        command = ["/bin/sh", COMMAND, f"127.0.0.1:{port(server)}"]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert sorted(os.listdir(tmp_path)) == sorted([Path(python).name, "socket.py"])


def test_without_python_it_says_so(tmp_path: Path) -> None:
    command = ["/bin/sh", COMMAND, "a:1"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 127
    assert done.stderr == "wait-for-port: no Python 3 on PATH; to have one: apt-install python3\n"


def test_the_syntax_is_that_of_python_3_9() -> None:
    tree = ast.parse(Path(COMMAND).read_text(), feature_version=(3, 9))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= set(sys.stdlib_module_names)


def isolated(tmp_path: Path, script: str) -> Done:
    """Runs a script that has a network, an /etc/hosts and an /etc/resolv.conf of its own."""
    hosts, resolv = tmp_path / "hosts", tmp_path / "resolv.conf"
    hosts.write_text("127.0.0.1 localhost\n127.0.0.1 both\n::1 both\n")
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n")
    program = tmp_path / "script.py"
    program.write_text(textwrap.dedent(script))
    command = ["bwrap", "--unshare-user", "--unshare-net", "--uid", "0", "--gid", "0", "--cap-add", "ALL"]
    command += ["--dev-bind", "/", "/", "--bind", str(hosts), "/etc/hosts"]
    command += ["--bind", str(resolv), "/etc/resolv.conf"]
    command += [
        "--setenv",
        "COMMAND",
        COMMAND,
        "--setenv",
        "PYTHONPATH",
        os.pathsep.join(sys.path),
    ]
    command += ["--die-with-parent"]
    command += [sys.executable, "-u", str(program)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)


def test_names_are_looked_up_again_in_every_round(tmp_path: Path) -> None:
    done = isolated(
        tmp_path,
        """
        import os, socket, subprocess, time
        server = socket.create_server(("127.0.0.1", 8080))
        command = [os.environ["COMMAND"], "--period", "0.2", "--timeout", "15", "service:8080"]
        open("/etc/resolv.conf", "w").close()
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        print(process.stderr.readline())
        with open("/etc/hosts", "a") as hosts:
            hosts.write("127.0.0.1 service\\n")
        print(process.wait())
        """,
    )
    assert done.stderr == ""
    assert "service:8080: " in done.stdout
    assert done.stdout.endswith("\n0\n")


def test_a_silent_name_server_does_not_stretch_the_clock(tmp_path: Path) -> None:
    done = isolated(
        tmp_path,
        """
        import os, socket, subprocess, time
        silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        silent.bind(("127.0.0.1", 53))
        server = socket.create_server(("127.0.0.1", 8080))
        start = time.monotonic()
        command = [os.environ["COMMAND"], "--period", "0.2", "--timeout", "1.5"]
        done = subprocess.run([*command, "x.example:80", "localhost:8080"], capture_output=True, text=True)
        print(done.returncode, done.stdout.strip(), 1.5 <= time.monotonic() - start < 8)
        print(done.stderr)
        """,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("124 x.example:80 True\n")
    assert "localhost:8080 answers" in done.stdout
    assert done.stdout.count("the name look-up takes too long") == 2


def test_a_name_is_tried_at_all_its_addresses(tmp_path: Path) -> None:
    done = isolated(
        tmp_path,
        """
        import os, subprocess
        from images.base.test_sockets import listener, port
        for address in ("::1", "127.0.0.1"):
            with listener(address) as server:
                command = [os.environ["COMMAND"], "--timeout", "3", f"both:{port(server)}"]
                print(subprocess.run(command, stderr=subprocess.DEVNULL).returncode)
        """,
    )
    assert (done.stdout, done.stderr) == ("0\n0\n", "")


def test_a_hung_address_does_not_hide_the_other_of_the_name(tmp_path: Path) -> None:
    done = isolated(
        tmp_path,
        """
        import os, subprocess, time
        from images.base.test_sockets import hung, listener, port
        for bad, good in (("::1", "127.0.0.1"), ("127.0.0.1", "::1")):
            with hung(bad) as stuck, listener(good, port(stuck)):
                start = time.monotonic()
                command = [os.environ["COMMAND"], "--period", "18", "--timeout", "18", f"both:{port(stuck)}"]
                code = subprocess.run(command, stderr=subprocess.DEVNULL).returncode
                print(code, time.monotonic() - start < 10)
        """,
    )
    assert (done.stdout, done.stderr) == ("0 True\n0 True\n", "")


def test_a_socket_connected_to_itself_is_no_answer(tmp_path: Path) -> None:
    """The kernel picks the source port from two; every other attempt meets itself on the port asked for."""
    done = isolated(
        tmp_path,
        """
        import os, socket, subprocess
        with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as ports:
            ports.write("50000 50001")
        met = 0
        for _ in range(50):
            with socket.socket() as attempt:
                met += attempt.connect_ex(("127.0.0.1", 50000)) == 0
        print(met > 0)
        command = [os.environ["COMMAND"], "--period", "0.02", "--timeout", "1.5", "127.0.0.1:50000"]
        print(subprocess.run(command, stderr=subprocess.DEVNULL).returncode)
        """,
    )
    assert (done.stdout, done.stderr) == ("True\n127.0.0.1:50000\n124\n", "")
